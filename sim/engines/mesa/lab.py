"""What a lab does each month: train, borrow, release, price its line, become known, and collect data."""

from __future__ import annotations

import numpy as np

from sim.basics.axes import API, HOSTED, N_MODES, REGIONS, SECTORS, SELF_HOSTED, group_number
from sim.basics.equations import Array
from sim.basics.streams import line_address
from sim.engines import cells
from sim.engines.mesa.agent import AgentModel, BaseAgent
from sim.engines.world import cell_region, cell_sector, cell_type
from sim.model.agents.lab import Line
from sim.model.rules import adoption, capability, compute, ecosystem, price, usage


class Lab(BaseAgent):
    """A lab and the line of AI models that it makes.

    Attributes
    ----------
    name, place : name of the line, and its number in the roster
    numbers : what the scenario says about the line
    internal, released : capability in the laboratory, and of the newest release [nats]
    training, compute : smoothed training compute, and all of the lab's compute this month [H100e]
    algorithmic, borrowed : parts of capability that algorithms, and other labs' work, give [nats]
    sector_capability, coverage : (sector,) capability of the release [nats], and part of tasks that it covers
    open, base : whether the weights are open; the line it is built on, or itself
    months_left, releases : months until the next release, and releases so far
    months_near_frontier : months in a row in which the release was near the frontier
    markup, charged : price over serving cost, before and after the part of a subsidy that the lab captures
    price, paid : (region, mode) and what adopters pay, (cell, mode) [$/Mtoken]
    telemetry, partner : (sector, mode) and (sector,) data collected [sector-years]
    awareness : (region,) part of adopters who know the line
    derivatives, experience : derivatives around the line; cumulative usage [sector-years]
    ecosystem, revenue_share, load : averaged share of startups, share of API revenue, load of serving compute
    cell_share : (cell,) part of the line's usage of last month that was in the cell
    share_of_users : the line's share of first slots, one number a month

    Examples
    --------
    >>> import openloop as ol
    >>> world = ol.Model("baseline", adopters=60, months=6)
    >>> [lab.name for lab in world.labs if isinstance(lab, ol.Lab)][:2]
    ['US-closed-A', 'US-closed-B']
    """

    def __init__(self, model: AgentModel, name: str, place: int):
        super().__init__(model)
        p = self.parameters
        self.name, self.place = name, place
        self.numbers: Line = p.lines[name]
        self.line_address = self.address = line_address(name)
        self.home = REGIONS.index(self.numbers.region)
        self.open = self.numbers.openness == "open"
        self.base: Lab = self
        self.markup = self.numbers.markup
        self.at_home = np.arange(len(REGIONS)) == self.home
        self.awareness: Array = np.where(self.at_home, self.numbers.awareness_home, self.numbers.awareness_abroad)
        self.training = self.public_compute = self.compute = 0.0
        self.algorithmic, self.borrowed = self.numbers.algorithmic_start, 0.0
        self.internal = self.released = 0.0
        self.sector_capability = self.coverage = np.zeros(len(SECTORS))
        self.months_near_frontier = 0.0
        self.telemetry: Array = np.zeros((len(SECTORS), N_MODES))
        self.partner: Array = np.zeros(len(SECTORS))
        self.derivatives, self.new_derivatives = 0.0, 0.0
        self.experience = p.prices.experience_start
        self.load = p.prices.mean_load
        equal = 1 / len(model.world.lines)
        self.ecosystem = self.ecosystem_seen = self.revenue_share = equal
        self.share_of_users = [equal]
        self.region_share: Array = np.zeros(len(REGIONS))
        self.cell_share: Array = np.zeros(len(cell_region))
        self._plan_releases()

    @property
    def block(self) -> int:
        """Home region and openness: lines of a block are closer substitutes."""
        return int(group_number(self.home, self.open))

    # -- training and research -----------------------------------------------------------------------------------

    def train(self) -> None:
        """Train with a part of the lab's compute and all chips from public grants; effects come smoothed."""
        c, lab = self.parameters.compute, self.parameters.lab
        chip_price = compute.falling(initial=c.chip_price, fall=c.chip_price_fall, month=self.model.month)
        self.public_compute = compute.public_compute_step(
            stock=self.public_compute,
            retirement=c.retirement,
            grant=self.lever.compute_grant[self.place],
            chip_share=c.chip_share,
            chip_price=chip_price,
        )
        level = compute.training_compute(
            compute=self.compute, training_share=lab.training_share, public=self.public_compute
        )
        started = self.model.month > 0
        self.training = compute.smoothed(stock=self.training, level=level, time=lab.training_time) if started else level

    def show(self) -> None:
        """Show the lab's data and community, as far as the switches of the loops let anybody see them."""
        nothing = np.zeros(len(SECTORS))
        users = self.signal("R1", "telemetry", self.telemetry.sum(axis=-1), nothing)
        self.data_seen = users + self.signal("R1p", "partner", self.partner, nothing)
        self.derivatives_seen = self.signal("R3", "derivatives", self.derivatives, 0.0)
        self.ecosystem_seen = self.signal("R3", "ecosystem", self.ecosystem, 1 / len(self.model.labs))

    def learn_from_others(self) -> None:
        """Advance by own progress, by ideas that spill over, and by what open weights and outputs teach."""
        tech, others = self.parameters.technology, self.model.last_month
        scarcity = self.model.governments[self.home].scarcity
        both = np.array([self.algorithmic, others.best_algorithms])
        self.algorithmic = float(
            capability.algorithmic_step(
                stock=both,
                progress=tech.algorithmic_progress,
                scarcity_innovation=tech.scarcity_innovation,
                scarcity=scarcity,
                spillover=tech.idea_spillover,
            )[0]
        )
        self.borrowed = capability.borrowed_step(
            borrowed=self.borrowed,
            capability=self.internal,
            frontier_open=others.frontier_open,
            frontier_all=others.frontier,
            from_weights=tech.weight_borrowing,
            from_outputs=tech.distillation,
            access=1 - self.lever.access_restriction[self.place],
            decay=tech.borrowed_decay,
        )

    def assess(self) -> None:
        """Work out what the lab could release, from compute, algorithms, borrowing, the community and data."""
        borrowed = self.signal("B2", "borrowed", self.borrowed, 0.0)
        community = self.model.community[self.place]
        self.internal = float(
            capability.capability(
                training_compute=self.training,
                reference=self.model.reference,
                algorithmic=self.algorithmic,
                borrowed=borrowed,
                derivative_gain=community,
            )
        )
        self.data_gain = self.worth_of_data()

    def worth_of_data(self) -> Array:
        """Capability that accessible data add in each sector [nats]."""
        tech, sectors = self.parameters.technology, self.model.sectors
        form = {
            "most": sectors.data_gain,
            "scale": sectors.data_scale,
            "exponent": sectors.data_exponent,
            "shape": tech.data_shape,
        }
        data = self.usable_data()
        if self.model.never_cut("B4"):
            return capability.data_gain(data=data, **form)
        held = self.signal("B4", "data", data, np.zeros(len(SECTORS)))
        return capability.constant_data_gain(data=data, held=held, off=self.model.off("B4"), **form)

    def usable_data(self) -> Array:
        """Data that the lab may use, by sector [sector-years]: its own, what others must share, and pools."""
        tech, model = self.parameters.technology, self.model
        own = capability.accessible_data(
            own=model.all_data,
            sharing=np.full((1, 1, 1), tech.data_sharing),
            sharing_at_home=self.lever.data_sharing[None],
            home=model.world.home,
        )[0, self.place]
        access = capability.pool_access(
            pool_listed=self.lever.pool_listed, at_home=self.at_home, granted=self.lever.pool_access[:, self.place]
        )
        pools = capability.pooled_data(pool=model.all_pools, access=access[None, :, None])[0, 0]
        return capability.shared_between_sectors(data=own + pools, sharing=tech.sector_sharing)

    # -- releases ------------------------------------------------------------------------------------------------

    def _plan_releases(self) -> None:
        """Draw the cadence and the month of the first release; both stay for the whole run."""
        self.cadence = capability.cadence(
            usual=self.numbers.cadence,
            spread=self.parameters.lab.cadence_spread,
            random_draw=self.random_draw("release", 1, month=0),
        )
        self.months_left = capability.first_release(
            cadence=self.cadence, random_draw=self.random_draw("release", 0, month=0)
        )
        self.due, self.releases = False, 0

    def look_at_calendar(self) -> None:
        """See whether a release is due this month; if so, draw the date of the next one."""
        if self.model.month == 0:
            return
        self.months_left -= 1
        self.due = self.months_left <= 0 or self.lever.release_now[self.place] > 0
        if self.due:
            self.releases += 1
            self.months_left = capability.next_release(
                cadence=self.cadence,
                change=self.lever.cadence_change[self.place],
                jitter=self.parameters.lab.release_jitter,
                random_draw=self.random_draw("release", 2, month=self.releases),
            )

    def decide_openness(self) -> None:
        """Open or close the weights with the release, because of policy or after long enough near the frontier."""
        patience = self.parameters.lab.closing_patience
        wants_to_close = capability.wants_to_close(
            is_open=self.open, leading=self.months_near_frontier, patience=patience
        )
        is_open = capability.openness_step(
            is_open=self.open,
            due=self.due,
            opens=self.lever.open_release[self.place] > 0 or self.obeys_rule("open"),
            closes=self.lever.close_release[self.place] > 0 or self.obeys_rule("closed") or wants_to_close,
        )
        self.open = bool(is_open)

    def obeys_rule(self, openness: str) -> bool:
        """Whether a rule on openness applies to the line, and this lab is one of those that obey it."""
        above, duty = (getattr(self.lever, f"{openness}_{name}")[self.place] for name in ("above", "duty"))
        return bool(
            capability.must_obey(
                released=self.released, threshold=above, duty=duty, random_draw=self.random_draw("release", 3, month=0)
            )
        )

    def choose_base(self) -> None:
        """Let a builder lab take the better of its own work and the best open weights that it could build on."""
        self.candidate, self.candidate_base = self.internal, self
        if not self.numbers.builder:
            return
        tech, labs = self.parameters.technology, self.model.labs
        is_base = np.array([lab.open and not lab.numbers.builder for lab in labs])
        friction = np.array([self.friction_of_base(lab) for lab in labs])
        reached, base = capability.build_on_base(
            released=np.array([[lab.released for lab in labs]]),
            is_base=is_base[None, None],
            friction=friction[None, None],
            gap=np.array([[tech.builder_gap]]),
            gain=np.array([[tech.post_training]]),
            compute=np.array([[self.compute]]),
            scale=np.array([[tech.post_training_scale]]),
        )
        if reached[0, 0] > self.internal:
            self.candidate, self.candidate_base = float(reached[0, 0]), labs[int(base[0, 0])]

    def friction_of_base(self, base: Lab) -> float:
        """What the origin of a base costs this lab if it builds on it [nats]."""
        added = self.lever.friction[self.home, base.home, :, SELF_HOSTED].mean()
        standing = self.model.world.friction[0, self.home, base.home, SELF_HOSTED]
        return float(
            capability.base_friction(standing=standing, added=added, weight=self.parameters.technology.base_friction)
        )

    def release(self) -> None:
        """Release the newest work if it is due. In month 0 every lab has just released."""
        if self.model.month == 0:
            self.released = self.internal
        elif self.due:
            self.released, self.base = self.candidate, self.candidate_base
        else:
            return
        self.sector_capability = np.asarray(
            capability.sector_capability(
                released=self.released, weight=self.model.sectors.capability_weight, data_gain=self.data_gain
            )
        )

    def compare_with_frontier(self) -> None:
        """Work out the release's coverage of each sector, and count the months near the frontier."""
        self.months_near_frontier = float(
            capability.near_frontier_step(
                leading=self.months_near_frontier,
                released=self.released,
                frontier=self.model.frontier,
                margin=self.parameters.lab.closing_margin,
            )
        )
        width = self.parameters.technology.task_width
        self.coverage = adoption.coverage(
            sector_capability=self.sector_capability, threshold=self.model.task_threshold, width=width
        )

    # -- prices --------------------------------------------------------------------------------------------------

    def set_prices(self) -> None:
        """Set the price from serving cost, markup and congestion; adopters pay it with taxes, less subsidies."""
        p, lever = self.parameters.prices, self.lever
        experience = self.signal("R6", "experience", self.experience, p.experience_start)
        load = self.signal("B1", "load", self.load, 0.0)
        self.cost = price.serving_cost(
            level=p.cost_level,
            slope=p.cost_slope,
            released=self.released,
            frontier=self.model.frontier,
            efficiency=self.numbers.serving_cost,
            experience=experience,
            experience_start=p.experience_start,
            exponent=p.experience_exponent,
        )
        self.markup = self.choose_markup()
        leak = lever.subsidy_leak[cell_region, cell_sector, cell_type]
        domestic = cell_region == self.home
        self.charged = price.charged_markup(
            markup=self.markup, leak=leak[:, None], usage_share=self.cell_share[:, None], domestic=domestic[:, None]
        )[0]
        self.price = price.option_costs(
            cost=np.array([[self.cost]]),
            markup=np.array([[self.charged]]),
            congested=np.array([[price.congestion(load=load, strength=p.congestion)]]),
            host_markup=p.host_markup,
            self_hosting=self.model.self_hosting_cost[None],
        )[0, :, 0]
        listed = price.price_after_tariff(price=self.price, tariff=lever.tariff[:, self.home])[cell_region]
        self.paid = price.price_paid(
            listed=listed,
            subsidy=lever.adoption_subsidy[cell_region, cell_sector, cell_type],
            voucher=lever.compute_voucher[cell_region, cell_type],
        )
        self.rebate = listed - self.paid
        self.leaked = price.leaked_subsidy(listed=listed, leak=leak)

    def choose_markup(self) -> float:
        """Price over cost on the lab's own API, by the scenario's rule. [1]"""
        p, month = self.parameters.prices, self.model.month
        if p.markup_rule == "adaptive" and month > 12:
            growth = price.share_growth(share=self.share_of_users[-1], year_before=self.share_of_users[-13])
            return float(price.adaptive_markup(markup=self.markup, share_growth=growth, speed=p.markup_speed))
        if p.markup_rule == "best_response" and month > 0:
            ledger, review = self.model.ledger, self.model.types.review_rate[cell_type]
            best = price.best_response_markup(
                markup=np.array([[self.markup]]),
                usage=ledger.counts.used[None, :, [self.place], API],
                share=ledger.share_of_cells[None, :, [self.place]],
                cost_weight=self.model.types.cost_weight[None, cell_type],
                reviewed=price.reviewed_in_a_year(review_rate=review)[None],
                elasticity=np.array([[p.usage_elasticity]]),
            )
            return float(best[0, 0])
        return self.markup

    def become_known(self) -> None:
        """Update awareness: advertising, word of mouth, releases and news raise it, forgetting lowers it."""
        a = self.parameters.attention
        share = self.signal("R4", "region_share", self.region_share, np.zeros(len(REGIONS)))
        self.awareness = adoption.awareness_step(
            awareness=self.awareness,
            advertising=a.advertising,
            word_of_mouth=a.word_of_mouth,
            share=share,
            release_boost=a.release_boost,
            released=float(self.due),
            news=self.lever.news[:, self.place],
            forgetting=a.forgetting,
        )

    # -- what comes back from users ------------------------------------------------------------------------------

    def close_the_books(self) -> None:
        """Take users, revenue, load and experience of the month from the ledger."""
        ledger, lab = self.model.ledger, self.parameters.lab
        mine = ledger.counts.used[:, self.place]
        self.revenue_share = ledger.revenue_share[self.place]
        self.cell_share = mine.sum(axis=1) / max(mine.sum(), 1e-300)
        serving = [
            compute.serving_compute(compute=other.compute, training_share=lab.training_share)
            for other in self.model.labs
        ]
        share = serving[self.place] / max(sum(serving), 1e-300)
        self.load = float(
            price.load(
                usage_share=ledger.api_share[self.place],
                compute_share=share,
                mean_load=self.parameters.prices.mean_load,
            )
        )
        self.share_of_users.append(ledger.share_of_users[self.place])
        self.experience += mine.sum()
        self.region_share = ledger.region_share[:, self.place]

    def collect_data(self) -> None:
        """Collect telemetry by mode, where contracts and privacy law allow it, and data of partners at home."""
        effective = self.model.ledger.effective[:, self.place]
        types = self.model.types
        capture = np.stack([types.telemetry, types.hosted_telemetry, types.self_hosted_telemetry], axis=-1)[cell_type]
        caught = usage.telemetry(effective=effective, capture=capture, privacy=self.lever.privacy[cell_region][:, None])
        domestic = cell_region == self.home
        deployed, part = effective[:, HOSTED:].sum(axis=-1), self.parameters.technology.partner_capture
        shared = usage.partner_data(effective=deployed, capture=part) * domestic
        decay = self.model.data_decay()
        self.telemetry = usage.decayed(
            stock=self.telemetry, decay=decay[:, None], inflow=cells.by_sector(caught[None])[0]
        )
        self.partner = usage.decayed(stock=self.partner, decay=decay, inflow=cells.by_sector(shared[None])[0])

    def tend_the_community(self) -> None:
        """Update derivatives, which startups build on open weights, and the ecosystem, their share of startups."""
        c, ledger = self.parameters.community, self.model.ledger
        used = ledger.startup_use[self.place]
        self.new_derivatives = ecosystem.derivatives_step(
            stock=0.0, decay=0.0, rate=c.derivative_rate, is_open=self.open, startup_share=used
        )
        self.derivatives = ecosystem.derivatives_step(
            stock=self.derivatives,
            decay=c.derivative_decay,
            rate=c.derivative_rate,
            is_open=self.open,
            startup_share=used,
        )
        self.ecosystem = ecosystem.moving_average(
            average=self.ecosystem, newest=ledger.startup_share[self.place], weight=c.memory
        )
