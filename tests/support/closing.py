"""The last lines of `make test`: what could not be looked at on this machine."""

from tests.support.chromium import find_chromium


def main() -> None:
    if find_chromium() is None:
        print("The browser tests did not run: no Chromium. Install it, or name it by TRELLIS_CHROMIUM.")


if __name__ == "__main__":
    main()
