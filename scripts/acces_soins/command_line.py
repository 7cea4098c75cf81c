"""Typer in French: its help, and its refusals as one line like every other error of ours."""

import re

import typer
from typer import rich_utils
from typer.core import TyperCommand, TyperGroup

rich_utils.COMMANDS_PANEL_TITLE = "Commandes"
rich_utils.DEFAULT_STRING = "[par défaut : {}]"
rich_utils.REQUIRED_LONG_STRING = "[obligatoire]"

UsageError = typer.BadParameter.__base__  # Typer exports its leaf alone

REFUSALS = {
    r"Missing argument '(.+)'\.": r"il manque l'argument {0}",
    r"Missing option '(.+)'\.": r"il manque l'option {0}",
    r"No such command '(.+?)'\..*": r"commande inconnue : « {0} »",
    r"No such option: (\S+).*": r"option inconnue : {0}",
    r"Option '(.+)' requires an? .+": r"l'option {0} attend une valeur",
    r"Got unexpected extra argument\(?s?\)? \((.+)\)": r"argument en trop : {0}",
    r"Invalid value for '(.+)': .*'(.+)' is not one of (.+?)\.+": "{0} = « {1} » ; attendu : {2}",
}


class _French:
    """What Typer writes in English with no way to translate it."""

    def get_usage(self, ctx) -> str:
        return super().get_usage(ctx).replace("Usage:", "Emploi :", 1)

    def get_help_option(self, ctx):
        option = super().get_help_option(ctx)
        option.help = "Afficher cette aide."
        return option


class _Command(_French, TyperCommand):
    pass


class _Group(_French, TyperGroup):
    pass


class App(typer.Typer):
    """A Typer application whose every word is French."""

    def __init__(self, **settings):
        super().__init__(cls=_Group, subcommand_metavar="COMMANDE [ARGUMENTS]…", **settings)

    def command(self, *arguments, **settings):
        return super().command(*arguments, cls=_Command, **settings)


def refusal(error: UsageError) -> str:
    """What was wrong in what was typed, in French, and where the help is."""
    message = error.format_message()
    for pattern, french in REFUSALS.items():
        if found := re.fullmatch(pattern, message, re.DOTALL):
            message = french.format(*found.groups())
            break
    command = error.ctx.command_path if error.ctx else "acces-soins"
    return f"{message}. Voir {command} --help."
