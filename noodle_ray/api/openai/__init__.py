"""The routes that OpenAI's clients call: chat, completions, embeddings, models.

What they accept and refuse, and how it becomes calls of models, is said in docs/http.md.
"""
