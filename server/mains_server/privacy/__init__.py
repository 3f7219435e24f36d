"""What is stored about somebody, given out whole; and taken away where the law does not want it kept."""
