"""Why did this firm switch? One adopter's choices taken apart, and followed back to the first cause.

`explanation`  the worlds rebuilt, and the question asked of them
`divergence`   where two worlds part for an adopter, and through what
`causes`       from the term that tipped it back to the policy, event or assumption that differs
`causal_chain` the pieces of that chain, and how they are said
`account`      what one adopter did and why, as plain data
`chapter`      what is told of an explanation
`kind`         what an explanation leaves behind
`request`      from what somebody asks for in Python to an explanation and its folder
"""
