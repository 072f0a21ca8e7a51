"""What everything else stands on: declared quantities, axes and the calendar, keyed random numbers, errors."""
