"""Write the dashboard."""

from .grafana import PATH, text

if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
    print(f"wrote {PATH}")
