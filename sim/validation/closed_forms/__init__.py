"""What must be true of the model, checked against mathematics: closed forms V1 to V23 of the model description.

Each check is a function whose name is the sentence it proves. It returns rows: a statement, the exact value, the value
that the model gives, and the tolerance. The test suite runs every check; `openloop validate` runs them for a user and
prints the table. To add one, write a function beside the others and mark it with `verifies`.
"""
