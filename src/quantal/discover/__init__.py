"""What a language model has learned, read from its gradients: clusters of tokens, their frequencies, per-token scaling curves."""

from quantal.discover.clusters import clusters as clusters
from quantal.discover.clusters import many_clusters as many_clusters
from quantal.discover.cosines import Cosines as Cosines
from quantal.discover.cosines import measure as measure
from quantal.discover.cosines import similarity as similarity
from quantal.discover.curves import TokenCurves as TokenCurves
from quantal.discover.curves import token_curves as token_curves
from quantal.discover.discovery import Cluster as Cluster
from quantal.discover.discovery import Discovery as Discovery
from quantal.discover.discovery import discover as discover
from quantal.discover.models import LanguageModel as LanguageModel
from quantal.discover.models import load_model as load_model
from quantal.discover.opposites import merge_opposites as merge_opposites
from quantal.discover.planted import planted as planted
from quantal.discover.saved import SavedDiscovery as SavedDiscovery
from quantal.discover.saved import load_discovery as load_discovery
from quantal.discover.saved import save_discovery as save_discovery
from quantal.discover.slopes import Slope as Slope
from quantal.discover.slopes import calibrated_slope as calibrated_slope
from quantal.discover.soft_steps import Shapes as Shapes
from quantal.discover.soft_steps import classify as classify
from quantal.discover.stability import stability as stability
from quantal.discover.tokens import Chosen as Chosen
from quantal.discover.tokens import Token as Token
from quantal.discover.tokens import choose_tokens as choose_tokens
