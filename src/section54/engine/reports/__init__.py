"""What a person sees of a review: a page, spreadsheets, a data file and a screenful."""
