"""The catalogue of products: what providers ship, told once in `resources/products`."""
