"""Where images come from: one module for each form of source.

Each has `FORM`, words for messages; `accepts(source)`; and `read(source, size)`, which returns
`Arrays`. `size` matters to forms that decode images themselves.
"""
