"""A question about data, and who can answer it: values in, values out."""
