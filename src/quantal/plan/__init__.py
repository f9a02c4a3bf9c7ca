"""Fit + budget -> Plan: the compute-optimal split, three ways, and decisions stated as wasted compute."""

from quantal.plan.allocation import best_loss as best_loss
from quantal.plan.allocation import joint_form as joint_form
from quantal.plan.allocation import optimum as optimum
from quantal.plan.allocation import wasted as wasted
from quantal.plan.approaches import Approach as Approach
from quantal.plan.approaches import IsoFlop as IsoFlop
from quantal.plan.approaches import approaches as approaches
from quantal.plan.approaches import isoflops as isoflops
from quantal.plan.isoflop_fit import interpolated_optima as interpolated_optima
from quantal.plan.next_runs import NextRuns as NextRuns
from quantal.plan.next_runs import next_runs as next_runs
from quantal.plan.plan import Plan as Plan
from quantal.plan.plan import plan as plan
