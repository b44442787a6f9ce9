"""The addresses of people, bodies and collaborations."""

from django.urls import path

from section54.organisations import body_views, collaboration_views, people_views


_PERSON = "people/<uuid:pk>/"
_BODY = "bodies/<uuid:pk>/"
_OFFICE = f"{_BODY}offices/<uuid:office>/"
_TOGETHER = "collaborations/<uuid:pk>/"
_INVITATION = "invitations/<uuid:pk>/"

urlpatterns = [
    path("people/", people_views.people_list, name="people"),
    path("people.csv", people_views.people_export, name="people-export"),
    path("people/me/", people_views.my_access, name="my-access"),
    path("people/access/", people_views.people_access, name="people-access"),
    path("people/access.csv", people_views.people_access_export, name="people-access-export"),
    path("people/invite/", people_views.person_invite, name="person-invite"),
    path(_PERSON, people_views.person, name="person"),
    path(f"{_PERSON}give/", people_views.person_give, name="person-give"),
    path(f"{_PERSON}leaving/", people_views.person_leaving, name="person-leaving"),
    path(f"{_PERSON}close/", people_views.person_close, name="person-close"),
    path(f"{_PERSON}reopen/", people_views.person_reopen, name="person-reopen"),
    path(f"{_PERSON}roles/<uuid:grant>/end/", people_views.grant_end, name="grant-end"),
    path(f"{_INVITATION}withdraw/", people_views.invitation_withdraw, name="invitation-withdraw"),
    path(f"{_INVITATION}again/", people_views.invitation_again, name="invitation-again"),
    path("bodies/", body_views.body_list, name="bodies"),
    path("bodies/add/", body_views.body_add, name="body-add"),
    path(_BODY, body_views.body, name="body"),
    path(f"{_BODY}describe/", body_views.body_describe, name="body-describe"),
    path(f"{_BODY}relate/", body_views.body_relate, name="body-relate"),
    path(
        f"{_BODY}relations/<uuid:relation>/end/", body_views.relation_end, name="body-relation-end"
    ),
    path(f"{_BODY}offices/add/", body_views.office_add, name="office-add"),
    path(f"{_OFFICE}close/", body_views.office_close, name="office-close"),
    path(f"{_OFFICE}appoint/", body_views.office_appoint, name="office-appoint"),
    path(f"{_OFFICE}holders/<uuid:holder>/end/", body_views.holder_end, name="office-holder-end"),
    path("collaborations/", collaboration_views.collaboration_list, name="collaborations"),
    path(
        "collaborations/found/", collaboration_views.collaboration_found, name="collaboration-found"
    ),
    path("collaborations/join/", collaboration_views.collaboration_join, name="collaboration-join"),
    path(_TOGETHER, collaboration_views.collaboration, name="collaboration"),
    path(
        f"{_TOGETHER}share-less/",
        collaboration_views.collaboration_share_less,
        name="collaboration-share-less",
    ),
    path(f"{_TOGETHER}end/", collaboration_views.collaboration_end, name="collaboration-end"),
    path(f"{_TOGETHER}codes/", collaboration_views.collaboration_codes, name="collaboration-codes"),
    path(
        f"{_TOGETHER}members/<uuid:membership>/end/",
        collaboration_views.membership_end,
        name="membership-end",
    ),
]
