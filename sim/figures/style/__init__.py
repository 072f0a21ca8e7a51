"""What all figures share: the house style, the page, colours, marks and labels."""
