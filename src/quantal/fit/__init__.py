"""Runs + Law -> Fit: robust objectives, a batched solver, honest intervals and plain verdicts."""

from quantal.fit.diagnostics import Influence as Influence
from quantal.fit.diagnostics import Outliers as Outliers
from quantal.fit.diagnostics import Verdict as Verdict
from quantal.fit.diagnostics import outliers as outliers
from quantal.fit.diagnostics import trends as trends
from quantal.fit.fit import fit as fit
from quantal.fit.held_out import cost_order as cost_order
from quantal.fit.hierarchy import GroupFits as GroupFits
from quantal.fit.hierarchy import fit_groups as fit_groups
from quantal.fit.objective import OBJECTIVES as OBJECTIVES
from quantal.fit.objective import Objective as Objective
from quantal.fit.objective import objective as objective
from quantal.fit.posterior import Posterior as Posterior
from quantal.fit.posterior import sample_posterior as sample_posterior
from quantal.fit.quantization import QuantizationReading as QuantizationReading
from quantal.fit.quantization import quantization_reading as quantization_reading
from quantal.fit.result import Fit as Fit
from quantal.fit.result import StartsReport as StartsReport
from quantal.fit.result import law_inputs as law_inputs
from quantal.fit.saved import fit_from_dict as fit_from_dict
from quantal.fit.saved import is_saved_fit as is_saved_fit
from quantal.fit.saved import load_fit as load_fit
from quantal.fit.selection import Compared as Compared
from quantal.fit.selection import Comparison as Comparison
from quantal.fit.selection import compare as compare
from quantal.fit.targets import fit_targets as fit_targets
