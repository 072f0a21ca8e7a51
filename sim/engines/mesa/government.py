"""What a government and its region's market do each month: chips, compute, data pools, exposure, statistics, rules.

Scheduled policies are in the scenario and reach the world through levers, which are read here. Reaction rules are
followed here: a government watches a metric, decides, and acts when the lag is over.
"""

from __future__ import annotations

import numpy as np

from sim.basics.axes import PHYSICAL_SECTORS, REGIONS, SECTORS
from sim.basics.equations import Array
from sim.basics.streams import normals
from sim.engines import cells
from sim.engines.mesa.agent import AgentModel, BaseAgent
from sim.engines.mesa.lab import Lab
from sim.engines.world import cell_region, cell_sector, cell_type
from sim.model.agents.government import METRICS, WATCHED, GovernmentSpec
from sim.model.levers import Pull
from sim.model.reactions import Course, Reaction
from sim.model.rules import compute, exposure, reaction, usage


class Government(BaseAgent):
    """The government of a region, with its chips, power and data.

    Attributes
    ----------
    name, place : name and number of the region
    chips_frontier, chips_domestic : installed chips of frontier and of domestic design [H100e]
    output_total, capacity : domestic chips made so far [H100e], and what the fabs can make [H100e/month]
    capex : AI capital expenditure of the month [$B/month]
    legal, denied, smuggled, output : chips of the month: bought, denied, smuggled, and made at home [H100e/month]
    compute, powered : usable compute [H100e], and the part of chips that power can run
    power_gain : sum over past months of the growth of power that policy adds
    scarcity : part of chip demand denied and not replaced
    pool : (sector,) data pooled by mandate [sector-years]
    data_exposure, operational_exposure, security_exposure, concentration, shedding_time : how far the region depends on
        its rivals' lines; see `sim.model.rules.exposure`
    history : past values of every metric, one number a month
    observed : its statistics of the metrics that it watches: late, and with noise
    rules, pulls : its reaction rules, and the levers that they pull this month

    Examples
    --------
    >>> import openloop as ol
    >>> world = ol.Model("baseline", adopters=60, months=6)
    >>> [government.name for government in world.governments if isinstance(government, ol.Government)]
    ['US', 'CN', 'EU', 'GS']
    """

    def __init__(self, model: AgentModel, place: int):
        super().__init__(model)
        self.name, self.place, self.address = REGIONS[place], place, place
        self.region = getattr(self.parameters.regions, self.name)
        self.chips_frontier, self.chips_domestic = self.region.chips * 1e6, 0.0
        self.output_total, self.capacity = self.region.domestic_output, self.region.domestic_capacity
        self.power_gain = 0.0
        self.scarcity, self.powered, self.compute = 0.0, 1.0, 0.0
        self.pool: Array = np.zeros(len(SECTORS))
        self.history: dict[str, list[float]] = {name: [] for name in METRICS}
        self.observed: dict[str, float] = {}
        rules = [rule for rule in model.source.reactions if rule.active and rule.actor == self.name]
        self.rules = [FollowedRule(rule, self.parameters.government) for rule in rules]
        self.pulls: list[Pull] = []

    @property
    def labs(self) -> list[Lab]:
        """The labs at home."""
        return [lab for lab in self.model.labs if lab.home == self.place]

    # -- chips and compute ---------------------------------------------------------------------------------------

    def invest(self) -> None:
        """Capital expenditure follows its trend and the revenue of the labs at home."""
        c = self.parameters.compute
        equal = 1 / len(self.model.labs)
        self.revenue_seen = {lab: lab.signal("R2", "revenue_share", lab.revenue_share, equal) for lab in self.labs}
        ratio = compute.revenue_ratio(revenue_share=sum(self.revenue_seen.values()), start=equal * len(self.labs))
        self.capex = float(
            compute.capex(
                initial=self.region.capex,
                growth=c.capex_growth,
                slowdown=c.capex_slowdown,
                month=self.model.month,
                revenue_response=c.capex_response,
                revenue_ratio=ratio,
                boost=self.lever.capex_boost[self.place],
            )
        )

    def buy_chips(self) -> None:
        """Buy frontier chips as far as controls allow; smuggle some; spend what is left on domestic chips."""
        c, lever, at, month = self.parameters.compute, self.lever, self.place, self.model.month
        budget = compute.chip_budget(capex=self.capex, chip_share=c.chip_share)
        chip_price = compute.falling(initial=c.chip_price, fall=c.chip_price_fall, month=month)
        desired = compute.desired_chips(budget=budget, chip_price=chip_price, stockpiling=lever.stockpiling[at])
        self.legal, self.denied, self.smuggled = compute.chip_purchases(
            desired=desired,
            denial=lever.export_denial[at],
            refusal=lever.import_refusal[at],
            diversion=c.smuggling,
            enforcement=compute.enforcement(standing=c.enforcement, added=lever.enforcement[at]),
            premium=c.smuggling_premium,
        )
        money = compute.domestic_budget(
            chip_budget=budget,
            price=chip_price,
            legal=self.legal,
            smuggled=self.smuggled,
            premium=c.smuggling_premium,
            redirected=c.redirected,
            subsidy=lever.chip_subsidy[at] * compute.DOLLARS_PER_BILLION,
        )
        self.output = self.make_chips(float(money))
        self.chips_frontier = compute.installed_step(
            stock=self.chips_frontier, retirement=c.retirement, bought=self.legal, smuggled=self.smuggled
        )
        self.chips_domestic = compute.installed_step(
            stock=self.chips_domestic, retirement=c.retirement, bought=self.output
        )
        self.scarcity = float(
            compute.scarcity(desired=desired, denied=self.denied, smuggled=self.smuggled, domestic=self.output)
        )

    def make_chips(self, money: float) -> float:
        """Domestic chips made this month [H100e]. Their price falls with past output; fab capacity limits them."""
        c, lever, at = self.parameters.compute, self.lever, self.place
        learned = self.signal("R8", "output_total", self.output_total, self.region.domestic_output)
        capacity = self.signal("R8", "capacity", self.capacity, self.region.domestic_capacity)
        unit_price = compute.learning_price(
            initial=c.domestic_price,
            experience=learned,
            experience_start=self.region.domestic_output,
            exponent=c.domestic_learning,
            fall=c.domestic_price_fall,
            month=self.model.month,
            discount=lever.chip_discount[at],
        )
        wanted = float(compute.domestic_demand(budget=money, price=unit_price))
        output = float(compute.smooth_minimum(a=wanted, b=capacity))
        self.capacity *= 1 + compute.capacity_growth(
            base=c.capacity_growth,
            demand_pull=c.demand_pull,
            demand=wanted,
            capacity=capacity,
            subsidy_pull=c.subsidy_pull,
            subsidy=lever.chip_subsidy[at],
            subsidy_half=c.subsidy_half,
            tool_control=lever.tool_control[at],
        )
        self.output_total += output
        return output

    def power_chips(self) -> None:
        """Run as many chips as power allows."""
        c, lever, at, month = self.parameters.compute, self.lever, self.place, self.model.month
        self.power_gain = compute.power_gain_step(
            gain=self.power_gain, growth=lever.grid_growth[at], slowdown=c.power_slowdown, month=month
        )
        power = compute.grid_power(
            initial=self.region.power,
            growth=self.region.power_growth,
            slowdown=c.power_slowdown,
            month=month,
            added=lever.grid_power[at],
            gain=self.power_gain,
        )
        powered = compute.powered_share(
            power=power,
            frontier=self.chips_frontier,
            domestic=self.chips_domestic,
            power_per_chip=compute.falling(initial=c.power_per_chip, fall=c.power_per_chip_fall, month=month),
            domestic_penalty=c.domestic_power_penalty,
        )
        self.powered = self.signal("B3", "powered", float(powered), 1.0)
        self.compute = compute.usable_compute(
            powered=self.powered, frontier=self.chips_frontier, domestic=self.chips_domestic
        )

    def allot_compute(self) -> None:
        """Divide the region's compute among its labs, by their weight and their revenue."""
        if not self.labs:
            return
        numbers = self.parameters.lab
        weight = np.array([[lab.numbers.compute_weight for lab in self.labs]])
        revenue = np.array([list(self.revenue_seen.values())])
        shares = compute.lab_shares(
            weight=weight,
            revenue_share=revenue,
            elasticity=numbers.revenue_elasticity,
            least=numbers.least_revenue_share,
            home=np.ones((len(self.labs), 1)),
        )[0]
        for lab, share in zip(self.labs, shares, strict=True):
            factor = self.lever.compute_factor[lab.place]
            lab.compute = float(compute.lab_compute(usable=self.compute, share=share, factor=factor))

    # -- data, exposure, statistics ------------------------------------------------------------------------------

    def show_data(self) -> None:
        """Show labs the pool, as far as the switch of the data loop lets them see it."""
        self.pool_seen = self.signal("R1p", "pool", self.pool, np.zeros(len(SECTORS)))

    def pool_data(self) -> None:
        """Add to the region's pool the part of effective usage that a mandate claims."""
        effective = self.model.ledger.effective.sum(axis=(1, 2))
        mandate = self.lever.data_mandate[cell_region, cell_sector]
        claimed = usage.mandated_data(effective=effective, mandate=mandate)
        inflow = cells.by_region_and_sector(claimed[None])[0, self.place]
        self.pool = usage.decayed(stock=self.pool, decay=self.model.data_decay(), inflow=inflow)

    def judge_exposure(self) -> None:
        """Measure how far the region depends on its rivals' lines, through data and through operation."""
        e, sectors, model = self.parameters.exposure, self.model.sectors, self.model
        table = model.ledger.by_region_and_sector[None, [self.place]]
        rivals = getattr(model.source.rivals, self.name)
        rival = np.array([REGIONS[lab.base.home] in rivals for lab in model.labs], dtype=float)
        vulnerable = rival * np.array([lab.numbers.vulnerability for lab in model.labs])
        physical = np.array([name in PHYSICAL_SECTORS for name in SECTORS])
        weight = exposure.operational_weight(
            criticality=sectors.criticality, autonomy=sectors.autonomy, physical=physical
        )
        self.data_exposure = float(
            exposure.exposed_share(
                usage=table,
                weight=sectors.criticality[None],
                mode_weight=np.array([[e.data_api, e.data_hosted, e.data_self_hosted]]),
                danger=rival[None, None],
            )[0, 0]
        )
        self.operational_exposure = float(
            exposure.exposed_share(
                usage=table,
                weight=weight[None],
                mode_weight=np.array([[e.operational_api, e.operational_hosted, e.operational_self_hosted]]),
                danger=vulnerable[None, None],
            )[0, 0]
        )
        self.security_exposure = exposure.combined(
            data_exposure=self.data_exposure, operational_exposure=self.operational_exposure
        )
        by_line = table[0, 0].sum(axis=(0, 2))
        by_origin = [sum(by_line[lab.place] for lab in model.labs if lab.base.home == o) for o in range(len(REGIONS))]
        self.concentration = float(exposure.concentration(np.array([by_origin], dtype=float))[0])
        here = cell_region == self.place
        rival_usage = (model.ledger.counts.used.sum(axis=2) * rival).sum(axis=1) * here
        review_rate = exposure.mean_review_rate(
            weighted_usage=(rival_usage * model.types.review_rate[cell_type]).sum(), usage=rival_usage.sum()
        )
        self.shedding_time = float(exposure.shedding_time(review_rate))

    def observe(self) -> None:
        """Read the statistics, which are some months old and inexact."""
        g = self.parameters.government
        for name in METRICS:
            self.history[name].append(float(getattr(self, name)))
        for name in WATCHED:
            self.observed[name] = self.statistic(name, g.observation_lag, g.observation_noise)

    def statistic(self, metric: str, lag: int, noise: float) -> float:
        """The statistic of one of the region's metrics this month; the same for all who read it with equal noise."""
        month = self.model.month
        error = normals(self.model.key, "observe", month + 1, [self.address], list(METRICS).index(metric))[0]
        known = self.history[metric][month - lag] if month >= lag else np.nan
        return float(reaction.statistic(metric=known, noise=noise, error=error))

    # -- reactions -----------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Read, for every rule, the metric that it watches."""
        for rule in self.rules:
            watched = self.model.governments[REGIONS.index(rule.spec.metric_region)]
            rule.seen = watched.statistic(rule.spec.watch, rule.observation_lag, rule.observation_noise)

    def decide(self) -> None:
        """Begin, adjust or end the action of every rule; it takes effect when the rule's lag is over."""
        for rule in self.rules:
            spec = rule.spec
            beyond = (
                reaction.excess(observed=rule.seen, threshold=spec.threshold, sign=spec.sign)
                if self.model.month >= spec.start
                else np.nan
            )
            rule.memory = reaction.memory_step(
                memory=rule.memory, beyond=beyond, hold=spec.hold, cooldown=spec.cooldown, hysteresis=spec.hysteresis
            )
            rule.decided = float(reaction.strength(level=rule.memory.level, gain=spec.gain, most=spec.max))
            rule.decisions.append(rule.decided)

    def act(self) -> None:
        """Pull the levers of the decisions whose lag is over."""
        self.pulls = []
        for rule in self.rules:
            month = self.model.month - rule.spec.lag
            due = rule.decisions[month] if month >= 0 else 0.0
            rule.strength = self.signal("B5", rule.id, due, 0.0)
            self.pulls += rule.spec.measure.pull(rule.course.schedule(np.array([rule.strength])))


class FollowedRule:
    """A reaction rule with what its government remembers of it.

    Attributes
    ----------
    spec : the rule as it is written
    memory : how long the metric has been beyond the threshold, and what is in force; see `sim.model.rules.reaction`
    seen, decided, strength : this month's statistic, the strength decided, and the strength in force
    decisions : the strength decided in every month so far
    course : the strength in force in every month so far
    """

    def __init__(self, spec: Reaction, government: GovernmentSpec):
        self.id, self.spec = spec.id, spec
        own_lag, own_noise = spec.observation_lag, spec.observation_noise
        self.observation_lag = government.observation_lag if own_lag is None else own_lag
        self.observation_noise = government.observation_noise if own_noise is None else own_noise
        self.memory = reaction.Memory(0, 0.0, reaction.NEVER)
        self.seen, self.decided, self.strength = np.nan, 0.0, 0.0
        self.decisions: list[float] = []
        self.course = Course()
