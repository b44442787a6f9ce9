"""Addresses of ledgers and of the imports that bring them."""

from django.urls import path

from section54.spend import views


urlpatterns = [
    path("ledgers/", views.ledger_list, name="ledger-list"),
    path("ledgers/add/", views.ledger_add, name="ledger-add"),
    path("imports/<uuid:pk>/", views.import_page, name="import"),
    path("imports/<uuid:pk>/stop/", views.import_stop, name="import-stop"),
    path("imports/<uuid:pk>/again/", views.import_again, name="import-again"),
    path("imports/<uuid:pk>/discard/", views.import_discard, name="import-discard"),
    path("imports/<uuid:pk>/rejected.csv", views.import_rejected, name="import-rejected"),
    path("imports/<uuid:pk>/ledgers/<uuid:ledger>/", views.ledger_page, name="ledger"),
    path(
        "imports/<uuid:pk>/ledgers/<uuid:ledger>/correct/",
        views.ledger_correct,
        name="ledger-correct",
    ),
]
