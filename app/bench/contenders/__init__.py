"""Search programs that `app.bench.peers` lets run side by side: ours and two others, on the same served policy, with
the same reward and the same problems. Each runs in a process of its own (`python -m app.bench.contenders NAME …`).
"""
