"""The command line: one command for each question a city asks."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from caminos.command.console import NOT_ESTIMATED, OK, PROBLEMS, USAGE, Stop, answer, progress, say
from caminos.i18n import LANGUAGES, _, number, use_language
from caminos.model import DRAWS
from caminos.problems import CaminosError

if TYPE_CHECKING:
    from caminos.pages.page import Page
    from caminos.planning.city_model import Case, CityModel


def wanted_language(arguments: list[str]) -> str:
    """The language asked for by --lang, else by the environment, else English."""
    for place, argument in enumerate(arguments):
        if argument == "--lang" and place + 1 < len(arguments):
            return arguments[place + 1]
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
    system = (os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "")[:2]
    return system if system in LANGUAGES else "en"


def folder_of(city: str) -> Path:
    """The folder of a city; one that does not exist ends the command."""
    from caminos.city.bundled import UnknownCityError, city_folder

    try:
        return city_folder(city)
    except UnknownCityError as error:
        raise Stop(str(error), USAGE) from None


def open_model(city: str) -> "CityModel":
    """The model of a city; a city with errors stops with all of them."""
    from caminos.city.package import CityError, read_city
    from caminos.planning.city_model import CityModel

    try:
        return CityModel(read_city(folder_of(city)))
    except CityError as error:
        lines = [str(problem) for problem in error.problems]
        lines.append(_("Run `caminos check {city}` to see everything.", city=city))
        raise Stop("\n".join(lines), problems=error.problems) from None


def make_app() -> typer.Typer:
    """The commands, with their help in the language in use."""
    app = typer.Typer(
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        help=_("Planning for cities along five pathways: low-emission, nature-based, circular, resilient, equitable."),
        epilog=_(
            "Exit codes: 0 all is well; 1 a problem that the message explains; 2 a command that cannot be "
            "read; 3 what was asked for is not estimated."
        ),
    )
    City = Annotated[str, typer.Argument(help=_("A city folder, or the id of an example (porto-alegre)."))]
    AsJson = Annotated[bool, typer.Option("--json", help=_("Print JSON instead of tables."))]
    Lang = Annotated[
        str,
        typer.Option("--lang", help=_("Language: {languages}.", languages=", ".join(LANGUAGES)), show_default=False),
    ]
    Start = Annotated[int, typer.Option("--start", help=_("First year of actions."))]
    Year = Annotated[int | None, typer.Option("--year", help=_("A year up to 2050 (the last if left out)."))]
    Zone = Annotated[str, typer.Option("--zone", help=_("Id of a zone."))]
    Group = Annotated[str, typer.Option("--group", help=_("Income quintile: q1 (poorest) to q5."))]
    Kind = Annotated[str, typer.Option("--kind", help=_("A kind: fuel, mode, sector, stream …"))]
    Draws = Annotated[
        int,
        typer.Option(
            "--draws",
            min=0,
            help=_(
                "Draws for the ranges: how often the model is run with other values of what is not sure; 0 for none."
            ),
        ),
    ]
    Folder = Annotated[Path, typer.Option("--out", help=_("Folder for the results."))]
    Budget = Annotated[
        str, typer.Option("--budget", help=_("Public money a year: 50e6 (USD of 2023) or '270e6 BRL2024'."))
    ]
    Weights = Annotated[
        str,
        typer.Option(
            "--weights",
            help=_(
                "Five weights for the pathways, in this order: low-emission, nature-based, circular, resilient, equitable; e.g. 1,1,1,2,2."
            ),
        ),
    ]
    Floor = Annotated[float, typer.Option("--floor", help=_("Least share of the benefits for the poorest quintile."))]
    PlanName = Annotated[
        str, typer.Option("--plan", help=_("Evaluate with a plan: a file, or the name of one in the city's plans/."))
    ]
    ActionName = Annotated[str, typer.Option("--action", help=_("Evaluate with this action at full scale."))]

    @app.callback()
    def every(lang: Lang = "en") -> None:
        """The language may be said before the command too; `wanted_language` reads it."""

    @app.command(help=_("Make a city package from open defaults, to be replaced one by one."))
    def new(
        name: Annotated[str, typer.Argument(help=_('City and country: "Rosario, Argentina".'))],
        out: Annotated[Path | None, typer.Option("--out", help=_("Folder to make."))] = None,
        population: Annotated[
            int | None,
            typer.Option(
                "--population",
                min=1,
                help=_("People of the jurisdiction, if other than the place's own: a metropolitan area, for example."),
            ),
        ] = None,
        as_json: AsJson = False,
        lang: Lang = "en",
    ) -> None:
        from caminos.pages.check import made

        answer(made(new_package(name, out, population)), as_json)

    @app.command(help=_("Find every problem in a city's files in one pass: file, row, column, what is right."))
    def check(city: City, as_json: AsJson = False, lang: Lang = "en") -> None:
        from caminos.pages.check import check as check_page
        from caminos.planning.check import check as problems_of

        folder = folder_of(city)
        problems = problems_of(folder)
        answer(check_page(folder, problems), as_json)
        if any(problem.severity == "error" for problem in problems):
            raise Stop("", PROBLEMS)

    @app.command(help=_("Where the city stands on all five pathways, and what is not known."))
    def diagnose(city: City, draws: Draws = DRAWS, as_json: AsJson = False, lang: Lang = "en") -> None:
        from caminos.pages.diagnosis import diagnosis

        model = open_model(city)
        with progress(model, _("diagnosis")):
            page = diagnosis(model, draws)
        answer(page, as_json)

    @app.command(
        help=_("Rank challenges and actions: where to begin, why here, how sure that is, and what to find out first.")
    )
    def entry(
        city: City,
        start: Start = 2026,
        weights: Weights = "",
        budget: Annotated[
            str,
            typer.Option(
                "--budget",
                help=_(
                    "Public money a year for actions: 50e6 (USD of 2023) or '270e6 BRL2024'; a share of the city's budget if left out."
                ),
            ),
        ] = "",
        draws: Draws = 1000,
        as_json: AsJson = False,
        lang: Lang = "en",
    ) -> None:
        from caminos.pages.entry import entry as entry_page

        money, chosen = read_budget(budget) if budget else None, pathway_weights(weights)
        model = open_model(city)
        with progress(model, _("ranking")):
            page = entry_page(model, start, chosen, money, draws)
        answer(page, as_json)

    @app.command(
        help=_(
            "What one action does to every headline of all five pathways, for whom, and by which links. "
            "Of two actions: what they do to each other. Without an action: the matrix of all of them."
        )
    )
    def connect(
        city: City,
        action: Annotated[str, typer.Argument(help=_("Id or number of an action; `caminos entry` lists them."))] = "",
        other: Annotated[
            str, typer.Argument(help=_("Another action: what both do together beyond the sum of each alone."))
        ] = "",
        start: Start = 2026,
        draws: Draws = DRAWS,
        as_json: AsJson = False,
        lang: Lang = "en",
    ) -> None:
        from caminos.pages.connections import connections
        from caminos.pages.interaction import interaction
        from caminos.pages.matrix import matrix

        model = open_model(city)
        with progress(model, _("connections")):
            if other:
                page = interaction(model, action, other, start, draws)
            else:
                page = connections(model, action, start, draws) if action else matrix(model, start)
        answer(page, as_json)

    @app.command(help=_("The best portfolio and timing under a yearly budget."))
    def plan(
        city: City,
        budget: Budget,
        start: Start = 2026,
        weights: Weights = "",
        floor: Floor = 0.2,
        out: Annotated[Path | None, typer.Option("--out", help=_("Write plan.toml here."))] = None,
        sensitivity: Annotated[bool, typer.Option(help=_("Plan again at both ends of every weak input."))] = True,
        require: Annotated[
            list[str] | None, typer.Option("--require", help=_("An action that must be in the plan; may be repeated."))
        ] = None,
        exclude: Annotated[
            list[str] | None, typer.Option("--exclude", help=_("An action that must not be in it; may be repeated."))
        ] = None,
        as_json: AsJson = False,
        lang: Lang = "en",
    ) -> None:
        from caminos.files import refuse_special
        from caminos.pages.plan import plan as plan_page
        from caminos.planning.files import write_plan

        money, chosen = read_budget(budget), pathway_weights(weights)
        if out is not None:
            refuse_special(out)
        model = open_model(city)
        with progress(model, _("planning")):
            found, page = plan_page(
                model,
                money,
                start,
                weights=chosen,
                floor=floor,
                sensitivity=sensitivity,
                require=require or (),
                exclude=exclude or (),
            )
        if out is not None:
            write_plan(model, found, out)
        answer(page, as_json)

    @app.command(help=_("Where a number comes from: equation, inputs with their sources, links it passed."))
    def explain(
        city: City,
        name: Annotated[str, typer.Argument(help=_("Name of an indicator, fact or parameter."))],
        year: Year = None,
        zone: Zone = "",
        group: Group = "",
        kind: Kind = "",
        action: ActionName = "",
        plan: PlanName = "",
        start: Start = 2026,
        draws: Draws = DRAWS,
        as_json: AsJson = False,
        lang: Lang = "en",
    ) -> None:
        from caminos.pages.explanation import explanation

        model = open_model(city)
        case = case_with(model, action, plan, start)
        answer(explanation(model, name, year, zone, group, kind, case, draws), as_json)

    @app.command(help=_("Any number with its unit and range."))
    def get(
        city: City,
        name: Annotated[str, typer.Argument(help=_("Name of an indicator, fact or parameter."))],
        year: Year = None,
        zone: Zone = "",
        group: Group = "",
        kind: Kind = "",
        action: ActionName = "",
        plan: PlanName = "",
        start: Start = 2026,
        draws: Draws = DRAWS,
        as_json: AsJson = False,
        lang: Lang = "en",
    ) -> None:
        from caminos.pages.number import estimated, number

        model = open_model(city)
        page = number(model, name, year, zone, group, kind, case_with(model, action, plan, start), draws)
        answer(page, as_json)
        if not estimated(page):
            raise Stop("", NOT_ESTIMATED)

    @app.command(
        help=_(
            "What a plan does: every headline as the city goes and with the plan, its cost, its benefits, who gains."
        )
    )
    def run(
        city: City,
        plan: Annotated[
            str, typer.Option("--plan", help=_("A plan: a file, or the name of one in the city's plans/."))
        ],
        draws: Draws = DRAWS,
        as_json: AsJson = False,
        lang: Lang = "en",
    ) -> None:
        from caminos.pages.what_if import run as run_page
        from caminos.planning.files import find_plan

        model = open_model(city)
        found = find_plan(model, plan)
        with progress(model, _("what if")):
            page = run_page(model, found, draws)
        answer(page, as_json)

    @app.command(help=_("Two plans or more side by side: headlines, cost, benefits, who gains."))
    def compare(
        city: City,
        plans: Annotated[list[str], typer.Argument(help=_("Plans: files, or names of those in the city's plans/."))],
        draws: Draws = DRAWS,
        as_json: AsJson = False,
        lang: Lang = "en",
    ) -> None:
        from caminos.pages.what_if import comparison
        from caminos.planning.files import find_plan

        if len(plans) < 2:
            raise Stop(_("Give two plans or more to compare; `caminos run` shows one."), USAGE)
        model = open_model(city)
        found = [find_plan(model, plan) for plan in plans]
        with progress(model, _("what if")):
            page = comparison(model, found, draws)
        answer(page, as_json)

    From = Annotated[Path, typer.Option("--from", help=_("Folder that holds the files that layers.toml names."))]
    Cache = Annotated[
        Path | None, typer.Option("--cache", help=_("Keep what is computed here; a second run is instant."))
    ]

    @app.command(
        help=_(
            "Make facts of maps: rasters, zones, streets and timetables, as layers.toml says. "
            "Needs `pip install 'caminos[geo]'`."
        )
    )
    def layers(
        city: City,
        source: From = Path("."),
        cache: Cache = None,
        out: Annotated[
            Path | None,
            typer.Option(
                "--out", help=_("Folder to write (the city's own if left out; out/ and its id for an example).")
            ),
        ] = None,
        as_json: AsJson = False,
        lang: Lang = "en",
    ) -> None:
        from caminos.command.maps import show_layers

        # an example city is asked for by its id: what ships is left as it is
        own = folder_of(city) if Path(city).is_dir() else Path("out") / city
        show_layers(folder_of(city), source, out or own, cache, as_json)

    @app.command(
        "map",
        help=_(
            "Draw any fact by zone, or any layer of layers.toml, with a legend, a scale and a table "
            "beside it. Without a layer: the list of what can be drawn. Needs "
            "`pip install 'caminos[geo]'`."
        ),
    )
    def map_(
        city: City,
        layer: Annotated[
            str,
            typer.Argument(
                help=_(
                    "A fact (population), a fact and its kind "
                    "(school_reach_share:walk_15), a column of cells "
                    "(hexagons:jobs) or a raster (depth)."
                )
            ),
        ] = "",
        source: From = Path("."),
        cache: Cache = None,
        out: Annotated[Path | None, typer.Option("--out", help=_("Picture to write: .png or .svg."))] = None,
        as_json: AsJson = False,
        lang: Lang = "en",
    ) -> None:
        from caminos.command.maps import show_map

        show_map(folder_of(city), layer, source, out, cache, as_json)

    @app.command(help=_("Write the report, the results and the plan of a city."))
    def report(
        city: City,
        budget: Budget,
        start: Start = 2026,
        weights: Weights = "",
        floor: Floor = 0.2,
        out: Folder = Path("out"),
        as_json: AsJson = False,
        lang: Lang = "en",
    ) -> None:
        money, chosen = read_budget(budget), pathway_weights(weights)
        answer(write_all(open_model(city), money, start, chosen, floor, out), as_json)

    @app.command(
        help=_(
            "Run worked examples: inputs and an expected value from the literature, one TOML file each, held "
            "against the model. docs/worked-examples.md describes the file. Exit code 0 if all "
            "hold, 1 if one does not."
        )
    )
    def example(
        paths: Annotated[list[Path], typer.Argument(help=_("Files of worked examples, or folders of them."))],
        as_json: AsJson = False,
        lang: Lang = "en",
    ) -> None:
        from caminos.pages.examples import examples
        from caminos.planning.examples import run_examples

        outcomes, faults = run_examples(paths)
        answer(examples(outcomes, faults), as_json)
        if faults or not all(outcome.holds for outcome in outcomes):
            raise Stop("", PROBLEMS)

    @app.command(help=_("Plan the example city Porto Alegre and write its report."))
    def demo(out: Folder = Path("out"), as_json: AsJson = False, lang: Lang = "en") -> None:
        answer(write_all(open_model("porto-alegre"), DEMO_BUDGET, 2026, None, 0.2, out), as_json)

    return app


def speak_help(command: Any) -> None:
    """The frame of Typer's help in the language in use; a Typer that names its parts otherwise keeps its own."""
    from typer import rich_utils

    frame = {
        "ARGUMENTS_PANEL_TITLE": _("Arguments"),
        "OPTIONS_PANEL_TITLE": _("Options"),
        "COMMANDS_PANEL_TITLE": _("Commands"),
        "DEFAULT_STRING": _("[default: {value}]", value="{}"),
        "REQUIRED_LONG_STRING": _("[required]"),
    }
    for name, text in frame.items():
        if hasattr(rich_utils, name):
            setattr(rich_utils, name, text)
    for each in (command, *command.commands.values()):
        option = each.get_help_option(typer.Context(each))
        if option is not None:
            option.help = _("Show this message and exit.")


def new_package(name: str, out: Path | None, population: int | None) -> Path:
    """The folder of a city package that was made; a name that fits no place or several ends the command."""
    from caminos.city.new import new_city
    from caminos.city.places import PlaceError
    from caminos.pages.names import country_name

    try:
        return new_city(name, out, population)
    except PlaceError as error:
        lines = [
            f"  {place.name}, {place.region}, {country_name(place.country)} ({number(place.population)})"
            for place in error.candidates
        ]
        raise Stop("\n".join([str(error), *lines])) from None
    except FileExistsError as error:
        raise Stop(str(error)) from None


def case_with(model: "CityModel", action: str, plan: str, start: int) -> "Case":
    """The baseline, one action at full scale, or a plan."""
    from caminos.planning.assessment import check_question
    from caminos.planning.city_model import BASELINE, Case, Measure
    from caminos.planning.connect import find_action
    from caminos.planning.files import find_plan

    if action and plan:
        raise Stop(_("Give --action or --plan, not both."), USAGE)
    if plan:
        return find_plan(model, plan).case
    if not action:
        return BASELINE
    chosen = find_action(model, action)
    check_question(model, start)
    return Case(chosen, (Measure(chosen, start),))


def write_all(
    model: "CityModel", budget: float, start: int, weights: list[float] | None, floor: float, out: Path
) -> "Page":
    """Plan a city, write report, results and plan, and sum them up on one screen."""
    from caminos.files import inside, refuse_folder, write_set
    from caminos.pages.report import report
    from caminos.pages.summary import summary
    from caminos.planning.entry import entry
    from caminos.planning.files import plan_text, results_bytes
    from caminos.planning.portfolio import plan
    from caminos.reports.report import FILE, html

    folder = inside(out, model.city.id)
    refuse_folder(folder)
    with progress(model, _("planning {city}", city=model.city.name)):
        ranking = entry(model, start, weights, budget)
        found = plan(model, budget, start, weights, floor)
        contents: dict[str, str | bytes] = {
            "plan.toml": plan_text(model, found),
            "results.parquet": results_bytes(model, found),
            FILE: html(report(model, found, ranking=ranking)),
        }
        written = write_set(folder, contents)
        return summary(model, ranking, found, written)


# a command that cannot be read; newer Typers carry a Click of their own, older ones use the package
UsageError: Any = typer.BadParameter.__mro__[1]
DEMO_BUDGET = 50e6  # USD of 2023 a year, about 2 % of the city's budget


def pathway_weights(text: str) -> list[float] | None:
    """Weights of the five pathways from `1,1,1,2,2`."""
    if not text:
        return None
    try:
        return [float(part) for part in text.replace(";", ",").split(",")]
    except ValueError:
        raise Stop(_("{text} is not a list of five numbers such as 1,1,1,2,2.", text=repr(text)), USAGE) from None


def read_budget(text: str) -> float:
    """A yearly budget in USD of 2023, from `50e6` or `270e6 BRL2024`."""
    from caminos.parameters.money import MoneyError, read_money

    try:
        return read_money(text)
    except MoneyError as error:
        raise Stop(str(error), USAGE) from None


def run(command: Callable[[], None], as_json: bool = False) -> int:
    """Run a command and turn what a user can put right into one message and an exit code."""
    try:
        command()
    except UsageError as error:  # with --json alone: else Typer says it itself
        say(Stop(error.format_message(), USAGE), as_json)
        return USAGE
    except Stop as stop:
        say(stop, as_json)
        return stop.code
    except CaminosError as error:
        say(Stop(str(error), problems=getattr(error, "problems", ())), as_json)
        return PROBLEMS
    except OSError as error:
        say(Stop(_("{file}: {reason}", file=error.filename or "", reason=error.strerror or error)), as_json)
        return PROBLEMS
    return OK


def main() -> None:
    """Entry point of the command `caminos`."""
    language, as_json = wanted_language(sys.argv[1:]), "--json" in sys.argv[1:]
    if language not in LANGUAGES:
        say(Stop(f"--lang: {language}: {', '.join(LANGUAGES)}", USAGE), as_json)
        raise SystemExit(USAGE)
    use_language(language)
    command = typer.main.get_command(make_app())

    def invoke() -> None:
        command(standalone_mode=not as_json)

    # help needs none of the model's modules, and so starts at once
    asks_help = len(sys.argv) == 1 or "--help" in sys.argv
    if asks_help:
        speak_help(command)
        invoke()
    raise SystemExit(run(invoke, as_json))
