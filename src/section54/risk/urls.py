"""The addresses of reviews."""

from django.urls import path

from section54.risk import finding_views, share_views, views


_REVIEW = "reviews/<uuid:pk>/"
_PAYEE = f"{_REVIEW}suppliers/<uuid:finding>/"

urlpatterns = [
    path("reviews/", views.review_list, name="review-list"),
    path("reviews/new/", views.review_new, name="review-new"),
    path(_REVIEW, views.review, name="review"),
    path(f"{_REVIEW}lead/", views.review_lead, name="review-lead"),
    path(f"{_REVIEW}stop/", views.review_stop, name="review-stop"),
    path(f"{_REVIEW}again/", views.review_again, name="review-again"),
    path(f"{_REVIEW}categories/", views.review_categories, name="review-categories"),
    path(f"{_REVIEW}categories/<str:code>/", views.review_category, name="review-category"),
    path(f"{_REVIEW}suppliers/", views.review_suppliers, name="review-suppliers"),
    path(
        f"{_REVIEW}suppliers.<str:form>",
        views.review_suppliers_export,
        name="review-suppliers-export",
    ),
    path(f"{_REVIEW}changes/", views.review_compare, name="review-compare"),
    path(f"{_REVIEW}conclude/", views.review_conclude, name="review-conclude"),
    path(f"{_REVIEW}share/", share_views.review_share, name="review-share"),
    path(f"{_REVIEW}share/stop/", share_views.review_share_stop, name="review-share-stop"),
    path(f"{_REVIEW}method/", views.review_method, name="review-method"),
    path(f"{_REVIEW}files/<str:name>", views.review_file, name="review-file"),
    path(_PAYEE, finding_views.finding, name="finding"),
    path(f"{_PAYEE}payments/", finding_views.finding_payments, name="finding-payments"),
    path(
        f"{_PAYEE}payments.csv",
        finding_views.finding_payments_export,
        name="finding-payments-export",
    ),
    path(f"{_PAYEE}decide/", finding_views.finding_decide, name="finding-decide"),
    path(f"{_PAYEE}withdraw/", finding_views.finding_withdraw, name="finding-withdraw"),
]
