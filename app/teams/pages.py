"""Getting in and out: the one-time login link, the login page, share links, and a person's API tokens."""

from __future__ import annotations

from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from app.explorer.models import Session
from app.teams.models import ApiToken, User
from app.teams.permissions import visible_to
from app.teams.principals import SHARE_LINK_KEY
from app.teams.services import api_token_create, api_token_revoke, login_token_redeem
from app.teams.share_links import share_link_redeem

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


def sign_in_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Redeem `/?token=…` and drop the token from the address; a used or expired link says how to get a new one."""
    user = login_token_redeem(token)
    if user is not None:
        login(request, user, backend=MODEL_BACKEND)
        return redirect("home")
    if request.user.is_authenticated:  # the same link opened again in the same browser
        return redirect("home")
    return render(request, "teams/login.html", {"link_spent": True}, status=403)


@never_cache
@sensitive_post_parameters("password")
def log_in(request: HttpRequest) -> HttpResponse:
    """Name and password, for people who have one."""
    after = _safe_next(request)
    if request.user.is_authenticated:
        return redirect(after)
    if request.method != "POST":
        return render(request, "teams/login.html", {"next": after})
    username = request.POST.get("username", "")
    user = authenticate(request, username=username, password=request.POST.get("password", ""))
    if user is None:
        wrong = {"next": after, "username": username, "wrong_password": True}
        return render(request, "teams/login.html", wrong, status=403)
    login(request, user)
    return redirect(after)


def _safe_next(request: HttpRequest) -> str:
    after = request.POST.get("next") or request.GET.get("next") or "/"
    safe = url_has_allowed_host_and_scheme(after, {request.get_host()}, require_https=request.is_secure())
    return after if safe else "/"


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """End this browser's session, a share link's included."""
    logout(request)
    return redirect("login")


@never_cache
def open_share_link(request: HttpRequest, token: str) -> HttpResponse:
    """`/s/<token>`: this browser may read that one session until the link ends; the token leaves the address."""
    link = share_link_redeem(token)
    if link is None:
        return render(request, "teams/share_ended.html", status=404)
    if isinstance(request.user, User):
        if visible_to(request.user, Session).filter(pk=link.session_id).exists():
            return redirect("session", link.session_id)
        if request.method != "POST":  # a signed-in reader is somebody; a share link is for nobody in particular
            return render(request, "teams/share_choice.html")
        logout(request)
    request.session[SHARE_LINK_KEY] = str(link.pk)
    request.session.set_expiry(link.expires_at)
    return redirect("session", link.session_id)


@never_cache
@login_required
def api_tokens(request: HttpRequest) -> HttpResponse:
    """A person's bearer tokens: make one (shown once), see when each was last used, revoke."""
    user = request.user
    assert isinstance(user, User)
    shown: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        name = request.POST.get("name", "").strip()
        if request.POST.get("do") == "revoke":
            api_token_revoke(user=user, name=name)
            return redirect("api-tokens")
        try:
            shown = {"made": api_token_create(user, name), "made_name": name}
        except ValidationError as error:
            shown, status = {"name_error": " ".join(error.message_dict.get("name", error.messages))}, 422
    tokens = ApiToken.objects.filter(user=user, revoked_at__isnull=True).order_by("-created_at")
    return render(request, "teams/tokens.html", {"tokens": tokens, **shown}, status=status)
