"""Why did this firm switch? One adopter's choices taken apart, and followed back to the first cause.

`explanation`  the worlds rebuilt, and the question asked of them
`parting`      where two worlds part for an adopter, and through what
`upstream`     from the term that tipped it back to the policy, event or assumption that differs
`links`        the pieces of that chain, and how they are said
`stories`      one adopter's story as plain data
`folder`       what an explanation leaves behind
"""
