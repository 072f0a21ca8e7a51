"""What all other rooms use: declared quantities, axes and the calendar, random numbers, errors."""
