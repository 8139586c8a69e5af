"""Commands whose help pages are in the language that was chosen, and the option that chooses it."""

from __future__ import annotations

import click

from mock_p1.cli.language import LANGUAGES, VARIABLE, Language, translation


class SpokenCommand(click.Command):
    """A command whose help page is in the language that was chosen."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; of an option that there is not, say only what is much like it.

        Click compares the dashes too, which all options have in common.
        """
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            from difflib import get_close_matches  # noqa: PLC0415 -- takes long, and slips are rare

            near = {option.lstrip("-"): option for option in error.possibilities or ()}
            found = get_close_matches(error.option_name.lstrip("-"), near)
            options = [near[name] for name in found]
            raise click.NoSuchOption(error.option_name, None, options, error.ctx or ctx) from None

    def get_help(self, ctx: click.Context) -> str:
        """Return the help page."""
        if translation() is not None:
            from mock_p1.cli.translated_help import TranslatedHelp  # noqa: PLC0415 -- needed late

            ctx.formatter_class = TranslatedHelp
        return super().get_help(ctx)


def lang_option(*, hidden: bool) -> click.Option:
    """Return ``--lang``; ``choose`` has read it before, so that ``--help`` may stand before it."""
    return click.Option(
        ["--lang"],
        type=Language(),
        envvar=VARIABLE,
        metavar=f"[{'|'.join(LANGUAGES)}]",
        is_eager=True,
        expose_value=False,
        show_envvar=True,
        hidden=hidden,
        help="The language of help, problems and errors; else that of the system.",
    )
