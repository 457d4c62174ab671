"""`python -m managed_dags_cli`."""

from managed_dags_cli.main import main

if __name__ == "__main__":
    main()
