"""Bills and what is known about them: lines, explanations, documents, delivery."""
