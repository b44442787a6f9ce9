"""The addresses that the layout names, for tests."""

from django.http import HttpResponse
from django.urls import path


def nothing(_request):
    return HttpResponse()


urlpatterns = [
    path("", nothing, name="home"),
    path("sign-out/", nothing, name="sign-out"),
    path("suppliers/<int:number>/", nothing, name="supplier"),
]
