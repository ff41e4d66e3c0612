"""The routes that clients of Text Embeddings Inference call: `/embed`, `/rerank` and `/predict`."""
