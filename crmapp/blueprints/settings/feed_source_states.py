"""How the states of a source are shown, wherever one is named."""

STATES = {
    "ok": ("ok", "circle-check"),
    "problem": ("bad", "circle-alert"),
    "lost": ("bad", "key-round"),
    "retired": ("", "circle-dot"),
}
"""Its colour and its icon."""
