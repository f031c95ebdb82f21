"""What the checks of lab 4 ask: of formulas, of networks that are built, changed and measured."""
