"""Running: what Python passes is classified, the fitting variant found or built, and called."""
