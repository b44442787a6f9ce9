"""The addresses of messages."""

from django.urls import path

from section54.post import views


urlpatterns = [
    path("messages/", views.to_send, name="messages"),
    path("messages/to-send.csv", views.to_send_export, name="messages-export"),
    path("messages/yours/", views.yours, name="messages-yours"),
    path("messages/stop/<str:token>/", views.stop, name="messages-stop"),
]
