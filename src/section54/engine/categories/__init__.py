"""What was bought, from the words we have; 'unknown' is an answer."""
