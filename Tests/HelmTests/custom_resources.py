"""Custom resources held to their operators' definitions, as Python models of them have it."""

import functools
import importlib

CUSTOM = {
    "monitoring.coreos.com/v1": "cloudcoil.models.prometheus_operator.v1",
    "keda.sh/v1alpha1": "cloudcoil.models.keda.v1alpha1",
}


@functools.cache
def models(api_version):
    # Thousands of classes: only when one is asked for.
    return importlib.import_module(CUSTOM[api_version])


def understood(document):
    """The document as the model of its kind gives it back. The models leave out what they do not know, so compare it."""
    model = getattr(models(document["apiVersion"]), document["kind"])
    return model.model_validate(document).model_dump(mode="json", by_alias=True, exclude_unset=True)
