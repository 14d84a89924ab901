"""Steps that the model cut badly, divided and joined for labelling; the nodes stay as they are."""
