"""What donations are compared with: COPY of rows, and the stack that most would write."""
