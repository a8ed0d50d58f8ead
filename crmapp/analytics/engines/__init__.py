"""Those who can answer questions: one module each."""
