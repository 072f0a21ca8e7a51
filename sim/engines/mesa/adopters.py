"""What a startup, an enterprise, an industrial firm and a public agency do each month.

Every month an adopter

1. `look_around`: shows its peers the line that it used last month;
2. `decide`: waits for an occasion (a first look at AI, the end of a contract, a ban). When one comes, it calls
   `choose`: a line and a mode of use, perhaps a second line beside it, or none at all;
3. `use`: uses what it chose. Usage, revenue and data come from here.

The four types take the same steps and differ in their numbers (``sim/model/agents/``). To change how a type decides,
subclass it, override one method, and name the new class in a subclass of `sim.engines.mesa.model.OpenLoopModel`.
"""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, NamedTuple, TypeVar

import mesa

from sim.basics.axes import GROUPS, HOSTED, N_MODES, REGIONS, SECTORS, SELF_HOSTED
from sim.basics.errors import ModelError, RunError
from sim.basics.streams import agent_address
from sim.engines.mesa.agent import AgentModel, BaseAgent
from sim.engines.mesa.lab import Lab
from sim.engines.world import LONGEST_MEMORY, N_PEERS
from sim.model.agents.adopter import AdopterType
from sim.model.agents.adopter_types import CELLS, TYPES
from sim.model.rules import choice, usage, worth
from sim.model.rules.adoption import decay_factor, probability

T = TypeVar("T")

OUTSIDE = len(GROUPS)
"""Number of the outside option in the race between blocks."""


class Option(NamedTuple):
    """A line and the mode in which it is used."""

    lab: Lab
    mode: int


class Offer(NamedTuple):
    """What a line, and each of its modes, is worth to an adopter [utils]."""

    value: float
    by_mode: dict[int, float]


def inclusive_value(values: Iterable[float], dissimilarity: float) -> float:
    """Worth of a nest of alternatives [utils]: a little more than that of the best."""
    values = list(values)
    best = max(values)
    if len(values) == 1:
        return best
    return choice.inclusive(
        top=best, total=sum(math.exp((value - best) / dissimilarity) for value in values), dissimilarity=dissimilarity
    )


def logit(values: dict[T, float], dissimilarity: float) -> dict[T, float]:
    """Weights of alternatives in a logit, relative to the best of them, so that no exponential overflows."""
    best = max(values.values())
    return {option: math.exp((value - best) / dissimilarity) for option, value in values.items()}


class Adopter(BaseAgent):
    """An organisation that may come to use AI lines.

    Attributes
    ----------
    region, sector, kind : names of its region, sector and type; ``r, s, g`` are their numbers
    size : weight in its sector; the adopters of a sector sum to one
    quality_taste, cost_taste : its own weights of coverage and of log cost [utils]
    hosting_premium : log of the extra cost of hosting by itself
    compliance : draw against bans; a ban binds it if it covers a larger part of its cell than this
    peers : the adopters that it looks at
    primary, secondary : the options in use, or None
    tenure : months on the line in use
    age : months since it first adopted, -1 before
    before, seen : its line of last month, as arrival and as the utility of peers see it
    began, moved, added, surplus : what it did this month: adopted, changed line, took up options; worth of its choice
    usage : (option, amount) of this month [sector-years]

    Examples
    --------
    >>> import openloop as ol
    >>> world = ol.Model("baseline", adopters=60, months=6)
    >>> world.adopters[0].size > 0
    True
    """

    kind: ClassVar[str]

    def __init__(self, model: AgentModel, number: int):
        super().__init__(model)
        people = model.world.population
        self.number = number
        self.cell = int(people.cell[0, number])
        self.region, self.sector, _ = CELLS[self.cell]
        self.r, self.s, self.g = REGIONS.index(self.region), SECTORS.index(self.sector), TYPES.index(self.kind)
        self.address = int(agent_address(self.cell, int(people.rank[0, number])))
        self.size = float(people.size[0, number])
        self.quality_taste = float(people.quality[0, number])
        self.cost_taste = float(people.cost[0, number])
        self.hosting_premium = float(people.own_hosting[0, number])
        self.compliance = self.random_draw("comply", month=0)
        self.peers: list[Adopter] = []
        self.primary: Option | None = None
        self.secondary: Option | None = None
        self.usage: list[tuple[Option, float]] = []
        self.tenure, self.age = 0, -1
        self.before: Lab | None = None
        self.seen: Lab | None = None
        self._clear_events()

    def _clear_events(self) -> None:
        """Before it decides, an adopter has done nothing this month."""
        self.began = self.moved = False
        self.added: list[Option] = []
        self.surplus: float | None = None

    def __getstate__(self) -> dict[str, Any]:
        """For pickle: peers by number, because pickle would follow peers of peers deeper than Python can recurse."""
        return {**self.__dict__, "peers": [peer.number for peer in self.peers]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if "adopters" in vars(self.model):  # else the model is not there yet, and lets them meet itself
            self.meet_peers()

    def meet_peers(self) -> None:
        """Find the peers again whose numbers were pickled."""
        self.peers = [self.model.adopters[peer] if isinstance(peer, int) else peer for peer in self.peers]

    def remove(self) -> None:
        """Leave for good: it uses nothing from now on, decides nothing, and its peers see it with no line.

        It still counts among the members over which shares are taken, because the scenario says how many there are.
        """
        self._clear_events()
        self.primary, self.secondary, self.before, self.usage = None, None, None, []
        if self.model.passes("R5"):
            self.seen = None
        self.left = True
        self.model.groups[Adopter].discard(self)
        mesa.Agent.remove(self)

    @property
    def type(self) -> AdopterType:
        """The numbers of this adopter's type."""
        return getattr(self.parameters, self.kind)

    @property
    def slots(self) -> list[Option]:
        """The options in use: none, one or two."""
        return [option for option in (self.primary, self.secondary) if option is not None]

    # -- the month -----------------------------------------------------------------------------------------------

    def look_around(self) -> None:
        """Show others the line of last month. If the peer loop (R5) is cut, peers go on seeing an older one."""
        self.before = self.primary.lab if self.primary else None
        if self.model.passes("R5"):
            self.seen = self.before

    def decide(self) -> None:
        """Choose, if an occasion arrives this month."""
        self._clear_events()
        hazard = self.arrival_hazard() if self.primary is None else self.review_hazard()
        if math.isnan(hazard):
            raise RunError(f"the hazard of {type(self).__name__} {self.number} is no number (NaN)")
        if self.random_draw("arrive") < hazard:
            self.choose()

    def use(self) -> None:
        """Use what was chosen, and let a month pass."""
        self.usage = [(option, self.usage_of(option, rank)) for rank, option in enumerate(self.slots)]
        if self.primary is not None and self.model.passes("R7"):
            self.tenure = min(self.tenure + 1, LONGEST_MEMORY)
        if self.age >= 0:
            self.age = min(self.age + 1, LONGEST_MEMORY)

    # -- does an occasion arrive? --------------------------------------------------------------------------------

    def arrival_hazard(self) -> float:
        """Probability of a first look at AI this month; it grows with the part of others that have adopted."""
        push = self.lever.push[self.r, self.s]
        adopted = sum(peer.before is not None for peer in self.peers) / N_PEERS
        return choice.arrival_hazard(
            innovation=self.type.innovation * push,
            imitation=self.type.imitation * push,
            peer_adoption=adopted,
            global_adoption=self.model.adopted,
        )

    def review_hazard(self) -> float:
        """Probability of a review this month: a contract ends, or a ban that this adopter obeys forces one."""
        review = float(probability(hazard=self.type.review_rate))
        if any(self.forbidden(option) for option in self.slots):
            return choice.review_probability(review=review, forced=self.parameters.adopter.forced_review)
        return review

    def forbidden(self, option: Option) -> bool:
        """Whether a ban on the option binds this adopter. A line built on a banned base may be banned too."""
        return bool(self.compliance < self.model.banned[self.cell, option.lab.place, option.mode])

    # -- the choice ----------------------------------------------------------------------------------------------

    def choose(self, starting: bool = False) -> None:
        """Choose a line and mode, or none; then perhaps a second line beside it.

        ``starting`` is the draw before month 0, which settles what early adopters already use.
        """
        offers = self.offers()
        first = self.pick(offers, "", -math.inf if starting else self.outside_value(), welfare=not starting)
        second = None
        if first is not None:
            rest = {lab: offer for lab, offer in offers.items() if lab is not first.lab}
            second = self.pick(rest, "second_", self.outside_value())
        self._switch_to(first, second)

    def offers(self) -> dict[Lab, Offer]:
        """Every line that the adopter considers and may use, with its worth."""
        offers = {}
        labs: list[Lab] = self.model.labs
        for lab in labs:
            if not self.considers(lab):
                continue
            modes = range(N_MODES) if lab.open else range(HOSTED)
            by_mode = {mode: self.utility(lab, mode) for mode in modes if not self.forbidden(Option(lab, mode))}
            if by_mode:
                nested = inclusive_value(by_mode.values(), self.parameters.adopter.mode_dissimilarity)
                offers[lab] = Offer(nested + self.history(lab), by_mode)
        return offers

    def considers(self, lab: Lab) -> bool:
        """Whether it knows the line, by awareness in its region or because it uses it."""
        if self.random_draw("consider", lab.line_address) < lab.awareness[self.r]:
            return True
        return any(option.lab is lab for option in self.slots)

    def utility(self, lab: Lab, mode: int) -> float:
        """Worth of one option without the adopter's own past [utils]."""
        log_cost = math.log(lab.paid[self.cell, mode])
        if mode == SELF_HOSTED:
            log_cost += self.hosting_premium
        return worth.option_utility(
            quality_taste=self.quality_taste,
            coverage=lab.coverage[self.s],
            cost_taste=self.cost_taste,
            log_cost=log_cost,
            worth=self.worth(lab, mode),
        )

    def worth(self, lab: Lab, mode: int) -> float:
        """Worth of fit, service, trust and ecosystem, and of what policy adds, as for all of its cell [utils]."""
        return float(self.model.worth[self.cell, lab.place, mode])

    def history(self, lab: Lab) -> float:
        """What the adopter's past and its peers add to a line [utils]: learning rewards staying, moving costs."""
        common = self.parameters.adopter
        learning_weight = 0.0 if self.model.off("R7") else common.learning_weight
        peer_weight = 0.0 if self.model.off("R5") or self.model.draw_month == 0 else common.peer_weight
        unlearned = decay_factor(months=self.tenure, time=common.learning_time)
        return worth.history_utility(
            is_current=self.primary is not None and self.primary.lab is lab,
            has_current=self.primary is not None,
            learned=worth.learned_worth(learning_weight=learning_weight, unlearned=unlearned),
            switching_cost=self.type.switching_cost,
            peer_weight=peer_weight,
            peers_on_line=sum(peer.seen is lab for peer in self.peers) if peer_weight else 0.0,
            n_peers=N_PEERS,
        )

    def outside_value(self) -> float:
        """Worth of using no AI line [utils]."""
        return self.type.outside_value + self.lever.outside_value[self.r, self.s]

    def pick(self, offers: dict[Lab, Offer], slot: str, outside: float, welfare: bool = False) -> Option | None:
        """Choose by three races: between blocks of lines and the outside, between lines, between modes.

        ``slot`` is the first word of the streams of the random draws: none for the first slot, ``second_`` for the
        second. With ``welfare`` the expected worth of the choice is noted as consumer surplus.
        """
        if not offers and outside == -math.inf:
            return None
        common = self.parameters.adopter
        blocks: dict[int, list[Lab]] = {}
        for lab in offers:
            blocks.setdefault(lab.block, []).append(lab)
        best = max([outside, *(offer.value for offer in offers.values())])
        weights = {OUTSIDE: math.exp(outside - best)}
        for block, labs in sorted(blocks.items()):
            value = inclusive_value([offers[lab].value for lab in labs], common.line_dissimilarity)
            weights[block] = math.exp(value - best)
        total = sum(weights.values())
        if math.isnan(total):
            raise RunError(f"the worth of an option to {type(self).__name__} {self.number} is no number (NaN)")
        if welfare and self.cost_taste > 0:
            self.surplus = choice.consumer_surplus(value=best + math.log(total), cost_taste=self.cost_taste)
        block = self.race(f"{slot}block", weights, lambda block: block)
        if block == OUTSIDE:
            return None
        values = {lab: offers[lab].value for lab in blocks[block]}
        lab = self.race(f"{slot}line", logit(values, common.line_dissimilarity), lambda lab: lab.line_address)
        modes = logit(offers[lab].by_mode, common.mode_dissimilarity)
        return Option(lab, self.race(f"{slot}mode", modes, lambda mode: lab.line_address + mode))

    def race(self, stream: str, weights: dict[T, float], address: Callable[[T], int]) -> T:
        """The winner of a race in which each runner is as likely to be first as its weight says."""
        if len(weights) == 1:
            return next(iter(weights))
        times = {
            runner: choice.race_time(uniform=self.random_draw(stream, address(runner)), weight=weight)
            for runner, weight in weights.items()
        }
        return min(times, key=times.__getitem__)

    def _switch_to(self, first: Option | None, second: Option | None) -> None:
        """Take up the new options. An adopter that changes line, or leaves, starts learning from zero."""
        line_before = self.primary.lab if self.primary else None
        line = first.lab if first else None
        self.added = [option for option in (first, second) if option is not None and option not in self.slots]
        if line is not None and line_before is None:
            self.began = True
            self.age = max(self.age, 0)
        self.moved = line is not None and line_before is not None and line is not line_before
        if line is not line_before:
            self.tenure = 0
        self.primary, self.secondary = first, second

    # -- use -----------------------------------------------------------------------------------------------------

    def usage_of(self, option: Option, rank: int) -> float:
        """Usage of an option this month [sector-years]. It grows with size, time and coverage, and falls with cost."""
        lab, mode = option
        common = self.parameters.adopter
        beside = usage.slot_weights(second_slot=common.second_slot_weight)
        weight = 1.0 if len(self.slots) == 1 else beside[rank]
        ramp = usage.ramp(age=self.age, ramp_time=common.ramp_time)
        log_cost = math.log(lab.paid[self.cell, mode]) + (self.hosting_premium if mode == SELF_HOSTED else 0.0)
        rate = usage.usage_rate(
            coverage=lab.coverage[self.s], log_cost=log_cost, elasticity=self.parameters.prices.usage_elasticity
        )
        return self.size * ramp * weight * rate


class Startup(Adopter):
    """A startup: it reviews its line most often and weighs cost most. The ecosystem is measured among startups.

    Examples
    --------
    >>> import openloop as ol
    >>> world = ol.Model("baseline", adopters=60, months=6)
    >>> {adopter.kind for adopter in world.adopters if isinstance(adopter, ol.Startup)}
    {'startup'}
    """

    kind = "startup"


class Enterprise(Adopter):
    """An enterprise that sells services.

    Examples
    --------
    >>> import openloop as ol
    >>> class Cautious(ol.Enterprise):
    ...     def review_hazard(self):
    ...         return 0.5 * super().review_hazard()
    >>> class CautiousFirms(ol.Model):
    ...     enterprise = Cautious
    >>> any(isinstance(firm, Cautious) for firm in CautiousFirms("baseline", adopters=60, months=6).adopters)
    True
    """

    kind = "enterprise"


class IndustrialFirm(Adopter):
    """A firm in manufacturing, logistics or robotics: slow to adopt, slow to leave, rich in physical data.

    Examples
    --------
    >>> import openloop as ol
    >>> world = ol.Model("baseline", adopters=60, months=6)
    >>> "software" in {firm.sector for firm in world.adopters if isinstance(firm, ol.IndustrialFirm)}
    False
    """

    kind = "industrial"


class PublicAgency(Adopter):
    """A public agency, through which governments procure.

    Examples
    --------
    >>> import openloop as ol
    >>> world = ol.Model("baseline", adopters=60, months=6)
    >>> {agency.sector for agency in world.adopters if isinstance(agency, ol.PublicAgency)}
    {'public'}
    """

    kind = "public"


def adopter_class(kind: str) -> type[Adopter]:
    """The class of an adopter type, wherever in this folder it stands.

    Raises
    ------
    ModelError
        When there is none.
    """
    folder = importlib.import_module(__name__.rpartition(".")[0])
    for module in pkgutil.iter_modules(folder.__path__):
        importlib.import_module(f"{folder.__name__}.{module.name}")
    for adopter in Adopter.__subclasses__():
        if adopter.kind == kind and adopter.__module__.startswith(f"{folder.__name__}."):
            return adopter
    raise ModelError(f'sim/engines/mesa has no class of adopters whose kind is "{kind}"; derive one from Adopter')
