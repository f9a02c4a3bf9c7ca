"""Fit + budget -> Plan: the compute-optimal split, three ways, and decisions stated as wasted compute."""

from quantal.plan.allocation import best_loss as best_loss
from quantal.plan.allocation import joint_form as joint_form
from quantal.plan.allocation import optimum as optimum
from quantal.plan.allocation import wasted as wasted
from quantal.plan.approaches import Approach as Approach
from quantal.plan.approaches import IsoFlop as IsoFlop
from quantal.plan.approaches import approaches as approaches
from quantal.plan.approaches import isoflops as isoflops
from quantal.plan.costs import HARDWARE as HARDWARE
from quantal.plan.costs import Cost as Cost
from quantal.plan.costs import cost as cost
from quantal.plan.isoflop_fit import interpolated_optima as interpolated_optima
from quantal.plan.lifetime import LifetimePlan as LifetimePlan
from quantal.plan.lifetime import LimitedPlan as LimitedPlan
from quantal.plan.lifetime import lifetime_plan as lifetime_plan
from quantal.plan.lifetime import limited_plan as limited_plan
from quantal.plan.next_runs import NextRuns as NextRuns
from quantal.plan.next_runs import next_runs as next_runs
from quantal.plan.plan import Plan as Plan
from quantal.plan.plan import plan as plan
from quantal.plan.run_cost import RunCost as RunCost
from quantal.plan.run_cost import run_cost as run_cost
from quantal.plan.track import Tracking as Tracking
from quantal.plan.track import track as track
from quantal.plan.tuning import Tuning as Tuning
from quantal.plan.tuning import tuning as tuning
