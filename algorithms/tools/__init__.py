"""Tools: align, check, practise, bundle."""
