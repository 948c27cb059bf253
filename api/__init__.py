"""HTTP: URLs, tokens, bodies and problem documents. The only place that imports Litestar."""
