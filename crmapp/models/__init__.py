"""What we remember: tables, their invariants, and named conditions."""

from crmapp.models.account import Account, ExternalIdentity
from crmapp.models.account_pair import AccountPair
from crmapp.models.account_sync import AccountSync, RemoteJob, SyncClock
from crmapp.models.activity import Activity
from crmapp.models.api_token import ApiToken
from crmapp.models.attachment import Attachment, FiledMail, MailDrop
from crmapp.models.audit import AuditEvent, Seal, SealMark
from crmapp.models.change import Change
from crmapp.models.contact import Contact
from crmapp.models.crm_mapping import CrmMapping, CrmMappingVersion, FeedCursor
from crmapp.models.custom_field import CustomField, RequiredField, Stamp
from crmapp.models.dataset import StoredDataset
from crmapp.models.favourite import Favourite
from crmapp.models.feed import FeedFile, FeedSource
from crmapp.models.field_map import FieldMapDraft, FieldMapVersion
from crmapp.models.idempotency import IdempotencyKey
from crmapp.models.identity_provider import IdentityProvider, LinkedPerson
from crmapp.models.integration import (
    Connection,
    IntegrationVersion,
    ManagedListState,
    RemoteDetail,
    RemoteObject,
    RequestLog,
)
from crmapp.models.mail import Mailbox, MailOutbox, UnfiledLetter
from crmapp.models.mapping import MappingVersion, SavedMapping
from crmapp.models.matching import MatchAnswer, MatchCandidate, MatchQuestion, MatchRule
from crmapp.models.passkey import Passkey
from crmapp.models.pick_list import PickList, PickListValue
from crmapp.models.run import PlanDecision, Run, RunException, RunRetention
from crmapp.models.saved_view import SavedView
from crmapp.models.selection import StoredSelection
from crmapp.models.sign_in import SignIn
from crmapp.models.user import SecondStep, Team, User, team_member
from crmapp.models.webhook import Delivery, Webhook

__all__ = [
    "Account",
    "AccountPair",
    "AccountSync",
    "Activity",
    "ApiToken",
    "Attachment",
    "AuditEvent",
    "Change",
    "Connection",
    "Contact",
    "CrmMapping",
    "CrmMappingVersion",
    "CustomField",
    "Delivery",
    "ExternalIdentity",
    "Favourite",
    "FeedCursor",
    "FeedFile",
    "FeedSource",
    "FieldMapDraft",
    "FieldMapVersion",
    "FiledMail",
    "IdempotencyKey",
    "IdentityProvider",
    "IntegrationVersion",
    "LinkedPerson",
    "MailDrop",
    "MailOutbox",
    "Mailbox",
    "ManagedListState",
    "MappingVersion",
    "MatchAnswer",
    "MatchCandidate",
    "MatchQuestion",
    "MatchRule",
    "Passkey",
    "PickList",
    "PickListValue",
    "PlanDecision",
    "RemoteDetail",
    "RemoteJob",
    "RemoteObject",
    "RequestLog",
    "RequiredField",
    "Run",
    "RunException",
    "RunRetention",
    "SavedMapping",
    "SavedView",
    "Seal",
    "SealMark",
    "SecondStep",
    "SignIn",
    "Stamp",
    "StoredDataset",
    "StoredSelection",
    "SyncClock",
    "Team",
    "UnfiledLetter",
    "User",
    "Webhook",
    "team_member",
]
