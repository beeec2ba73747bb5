"""The graph becomes loops: specialisation, fusion, buffers, and the kernel that the code generator takes."""
