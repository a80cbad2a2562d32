"""Sources of images: one module for each form.

Each has `FORM`, words for messages; `accepts(source)`; and `read(source, size)`, which returns
`Arrays`. `size` matters to forms that decode images themselves.
"""
