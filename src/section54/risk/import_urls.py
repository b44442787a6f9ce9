"""Addresses that join an import to its reviews: taking it in, and undoing it."""

from django.urls import path

from section54.risk import import_views


urlpatterns = [
    path("imports/<uuid:pk>/take-in/", import_views.import_take_in, name="import-take-in"),
    path("imports/<uuid:pk>/undo/", import_views.import_undo, name="import-undo"),
]
