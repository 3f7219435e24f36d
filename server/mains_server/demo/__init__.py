"""The demo utility: a Jelgava house, electricity customers, a business and a family; the same on every machine."""
