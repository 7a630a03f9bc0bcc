"""The answer: every statement with what it rests on."""
