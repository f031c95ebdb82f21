"""What the headers of class lists and worksheets mean, in the languages that Moodle speaks."""

from __future__ import annotations

from collections.abc import Sequence

from autograde.handing_in.collecting.names import squashed

HEADERS = {
    "id": (
        "id", "student", "student id", "ID number", "matriculation number", "Matrikelnummer",
        "student number", "student nr", "sid", "netid", "ID-Nummer", "Kennung",
        "Индивидуальный номер", "Номер студента", "Numéro d'identification", "Número de ID",
        "Codice identificativo", "ID-nummer",
    ),
    "login": (
        "username", "login", "login id", "SIS Login ID", "user", "uid", "Anmeldename",
        "Benutzername", "Логин", "Nom d'utilisateur", "Nombre de usuario",
    ),
    "sis_id": ("SIS User ID",),
    "lms_id": (
        "Identifier", "lms id", "moodle id", "canvas id", "participant", "participant id",
        "Teilnehmer-ID", "Идентификатор", "Identifiant", "Identificador", "Identificativo",
    ),
    "name": (
        "name", "full name", "student name", "display name", "Vollständiger Name",
        "Полное имя", "ФИО", "Nom complet", "Nombre completo", "Nome completo", "Volledige naam",
    ),
    "first": (
        "first name", "given name", "forename", "first", "given names", "Vorname", "Имя",
        "Prénom", "Nombre", "Nome", "Voornaam",
    ),
    "last": (
        "last name", "surname", "family name", "last", "Nachname", "Familienname", "Фамилия",
        "Nom", "Nom de famille", "Apellido", "Apellidos", "Apellido(s)", "Cognome", "Achternaam",
    ),
    "mail": (
        "email", "mail", "email address", "E-Mail-Adresse", "Mailadresse", "Почта",
        "Электронная почта", "Адрес электронной почты", "Adresse de courriel", "Courriel",
        "Dirección de correo", "Dirección Email", "Correo", "Correo electrónico",
        "Indirizzo email", "E-mailadres",
    ),
    "section": (
        "section", "sections", "group", "groups", "tutorial", "Gruppe", "Gruppen", "Группа",
        "Группы", "Groupe", "Groupes", "Grupo", "Grupos", "Gruppo", "Gruppi", "Groep", "Groepen",
    ),
    "github": ("github", "github username", "github login", "github user"),
    "extension": (
        "extension", "extended until", "extended to", "extension date", "extra days",
        "extension days",
    ),
    "submitted": (
        "submitted", "submitted at", "submission time", "Last modified (submission)",
        "Zuletzt geändert (Abgabe)", "Последнее изменение (ответ)",
        "Последнее изменение (ответа)", "Последнее изменение (представление)",
        "Dernière modification (travail remis)", "Dernière modification (remise)",
        "Última modificación (entrega)", "Última modificación (envío)",
        "Ultima modifica (consegna)", "Laatst gewijzigd (inzending)",
    ),
    "grade": (
        "grade", "Bewertung", "Оценка", "Note", "Nota", "Calificación", "Valutazione", "Cijfer",
    ),
    "maximum": (
        "maximum grade", "max grade", "Bestwertung", "Höchste Bewertung", "Maximale Bewertung",
        "Максимальная оценка", "Note maximale", "Calificación máxima", "Valutazione massima",
        "Maximumcijfer", "Maximum cijfer",
    ),
    "comment": (
        "feedback comments", "comment", "comments", "Feedback als Kommentar", "Kommentar",
        "Отзыв в виде комментария", "Feedback par commentaires", "Commentaires de feedback",
        "Comentarios de retroalimentación", "Commenti", "Feedback opmerkingen",
    ),
}  # fmt: skip
"""Which headers mean what; only letters and digits of any script are compared."""

MEANS = {squashed(one): field for field, every in HEADERS.items() for one in every}
CANVAS = frozenset({"sisuserid", "sisloginid", "section"})
OF_WORKSHEETS = frozenset({"grade", "maximum", "comment"})
NAMELESS = frozenset(
    (
        "participant", "anon", "teilnehmer", "teilnehmerin", "teilnehmende", "teilnehmendenr",
        "участник", "participante", "partecipante", "deelnemer",
    )
)  # fmt: skip
"""How LMSs call those whose names they hide; a number follows."""


def meanings(header: Sequence[str], first: Sequence[str] = ()) -> dict[int, str]:
    """Which column has what, each meaning once.

    Args:
        header: the cells of the first line.
        first: those of the next one, which tell a Moodle worksheet's *ID* from a student's.
    """
    plain = [squashed(head) for head in header]
    from_canvas = len(CANVAS & set(plain)) >= 2
    found: dict[int, str] = {}
    for number, head in enumerate(plain):
        means = MEANS.get(head)
        if from_canvas and head in ("id", "student"):
            means = {"id": "lms_id", "student": "name"}[head]
        if means == head == "id" and (
            {"idnumber", "idnummer"} & set(plain)
            or _hides_a_name(first[number] if number < len(first) else "")
        ):
            means = "lms_id"
        if means and means not in found.values():
            found[number] = means
    return found


def from_canvas(columns: dict[int, str]) -> bool:
    """Whether columns are those of Canvas's gradebook."""
    return "sis_id" in columns.values() and "lms_id" in columns.values()


def _hides_a_name(cell: str) -> bool:
    """``Participant 501``, ``Teilnehmer/in501``: what Moodle calls someone, with a number."""
    return squashed(cell).rstrip("0123456789") in NAMELESS and any(map(str.isdigit, cell))
