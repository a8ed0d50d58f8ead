"""The objects CUSTOMER and CONTACT, with some custom fields of each type.

The ids are those of developer.intacct.com (API reference, Customers and Contacts), the paths those
of Sage's OpenAPI definitions of ``accounts-receivable/customer`` and ``company-config/contact``.
"""

from __future__ import annotations

from crmapp.connectors.sandbox.intacct.catalogue import (
    ENTITY,
    NUMBER,
    STAMPS,
    STATUS,
    Object,
    Relationship,
    fields,
)

_CONTACT_FIELDS = f"""
CONTACTNAME | id | text 200 required | Contact name
COMPANYNAME | companyName | text 100 | Company name
PREFIX | prefix | text 15 | Mr./Ms./Mrs.
FIRSTNAME | firstName | text 40 | First name
LASTNAME | lastName | text 40 | Last name
INITIAL | middleName | text 40 | Middle name
PRINTAS | printAs | text 200 required | Print as
TAXABLE | tax.isTaxable | boolean | Taxable
TAXGROUP | tax.group.id | text 80 | Contact tax group
TAXID | tax.taxId | text 20 | Tax ID
PHONE1 | phone1 | phone 30 | Primary phone
PHONE2 | phone2 | phone 30 | Secondary phone
CELLPHONE | mobile | phone 30 | Mobile
PAGER | pager | phone 30 | Pager
FAX | fax | phone 30 | Fax
EMAIL1 | email1 | email 200 | Primary email address
EMAIL2 | email2 | email 200 | Secondary email address
URL1 | URL1 | url 200 | Primary URL
URL2 | URL2 | url 200 | Secondary URL
VISIBLE | showInContactList | boolean | Visible
MAILADDRESS.ADDRESS1 | mailingAddress.addressLine1 | text 80 | Address line 1
MAILADDRESS.ADDRESS2 | mailingAddress.addressLine2 | text 80 | Address line 2
MAILADDRESS.ADDRESS3 | mailingAddress.addressLine3 | text 80 | Address line 3
MAILADDRESS.CITY | mailingAddress.city | text 80 | City
MAILADDRESS.STATE | mailingAddress.state | text 40 | State or territory
MAILADDRESS.ZIP | mailingAddress.postCode | text 30 | Zip or postal code
MAILADDRESS.COUNTRY | mailingAddress.country | text 60 | Country
MAILADDRESS.COUNTRYCODE | mailingAddress.isoCountryCode | text 2 | Country code
{STATUS}
"""

CONTACT = Object(
    "CONTACT", "company-config/contact", "Contact", "Contacts", "CONTACTNAME", "CONTACTNAME",
    (*NUMBER, *fields(_CONTACT_FIELDS), *STAMPS), (ENTITY,),
)  # fmt: skip

_CUSTOMER_FIELDS = """
CUSTOMERID | id | text 20 | Customer ID
NAME | name | text 100 required | Customer name
ENTITY | | text 21 readonly | Entity
STATUS | status | enum | Status | active; inactive; active non-posting=activeNonPosting
PARENTKEY | parent.key | integer @PARENT.RECORDNO | Parent key
PARENTID | parent.id | text 20 >CUSTOMER | Parent ID
PARENTNAME | parent.name | text @PARENT.NAME | Parent name
TERMSKEY | term.key | integer @TERM.RECORDNO | Term key
TERMNAME | term.id | text 40 >ARTERM | Term
CUSTTYPEKEY | customerType.key | integer @CUSTOMERTYPE.RECORDNO | Customer type key
CUSTTYPE | customerType.id | text 80 >CUSTTYPE | Customer type ID
TERRITORYKEY | territory.key | integer @TERRITORY.RECORDNO | Territory key
TERRITORYID | territory.id | text 20 >TERRITORY | Territory ID
TERRITORYNAME | territory.name | text @TERRITORY.NAME | Territory name
CUSTREPKEY | salesRepresentative.key | integer @CUSTREP.RECORDNO | Sales representative key
CUSTREPID | salesRepresentative.id | text 20 >EMPLOYEE | Sales rep employee ID
CUSTREPNAME | salesRepresentative.name | text @CUSTREP.PERSONALINFO.CONTACTNAME | Sales rep name
SHIPVIAKEY | shippingMethod.key | integer @SHIPVIA.RECORDNO | Shipping method key
SHIPPINGMETHOD | shippingMethod.id | text 80 >SHIPMETHOD | Shipping method
OEPRCLSTKEY | priceList.key | integer @PRICELIST.RECORDNO | Price list key
PRICELIST | priceList.id | text 80 >SOPRICELIST | Price list
TAXID | taxId | text 20 | Tax ID
RESALENO | customerResaleNumber | text 20 | Resale number
CREDITLIMIT | creditLimit | decimal | Credit limit
TOTALDUE | totalDue | currency readonly | Total due
DISCOUNT | discountPercent | percent | Discount
RETAINAGEPERCENTAGE | retainagePercentage | percent | Default retainage percentage
CURRENCY | currency | text 3 | Default currency
ONETIME | isOneTimeUse | boolean | One-time use
ONHOLD | isOnHold | boolean | On hold
EMAILOPTIN | emailOptIn | boolean | Accepts emailed invoices
HIDEDISPLAYCONTACT | | boolean | Exclude from contact list
DELIVERY_OPTIONS | | multiple | Delivery method | Print; E-Mail
COMMENTS | notes | text 500 | Comments
ACCOUNTLABEL | accountLabel.id | text 80 | AR account label
ARACCOUNT | defaultRevenueGLAccount.id | text 24 | Default AR GL account number
OFFSETGLACCOUNTNO | overrideOffsetGLAccount.id | text 24 | Offset AR GL account number
GLGRPKEY | accountGroup.key | integer readonly | GL group key
GLGROUP | accountGroup.id | text 80 | GL group
CUSTMESSAGEID | customerMessage.id | text 80 | Default invoice message
SUPDOCID | attachment.id | text 20 | Attachments ID
ADVBILLBY | advanceBillBy | integer | Bill in advance
ADVBILLBYTYPE | advanceBillByType | enum | Bill in advance period | days; months
OBJECTRESTRICTION | customerRestriction | enum | Restriction | Unrestricted=unrestricted; RootOnly=rootOnly; Restricted=restricted
LAST_INVOICEDATE | lastInvoiceCreatedDate | date readonly | Last invoice created date
LAST_STATEMENTDATE | lastStatementGeneratedDate | date readonly | Last statement generated date
DISPLAYCONTACTKEY | contacts.default.key | integer readonly | Display contact key
CONTACTKEY | contacts.primary.key | integer @PRIMARYCONTACT.RECORDNO | Primary contact key
CONTACTINFO.CONTACTNAME | contacts.primary.id | text 200 >CONTACT | Primary contact
BILLTOKEY | contacts.billTo.key | integer @BILLTOCONTACT.RECORDNO | Bill to contact key
BILLTO.CONTACTNAME | contacts.billTo.id | text 200 >CONTACT | Bill to contact
SHIPTOKEY | contacts.shipTo.key | integer @SHIPTOCONTACT.RECORDNO | Ship to contact key
SHIPTO.CONTACTNAME | contacts.shipTo.id | text 200 >CONTACT | Ship to contact
"""  # noqa: E501  (one line per field)

_CUSTOM_FIELDS = """
CRM_ACCOUNT_ID | nsp::CRM_ACCOUNT_ID | text 40 | CRM account
CRM_TIER | nsp::CRM_TIER | enum | Tier | Gold; Silver; Bronze
INTERESTS | nsp::INTERESTS | multiple | Interests | Cars; Ships; Planes; Trains
LOYALTY_POINTS | nsp::LOYALTY_POINTS | integer | Loyalty points
CREDIT_SCORE | nsp::CREDIT_SCORE | decimal | Credit score
YEARLY_BUDGET | nsp::YEARLY_BUDGET | currency | Yearly budget
MARGIN_TARGET | nsp::MARGIN_TARGET | percent | Margin target
CONTRACT_END | nsp::CONTRACT_END | date | End of contract
LAST_AUDIT | nsp::LAST_AUDIT | timestamp | Last audit
NEWSLETTER | nsp::NEWSLETTER | boolean | Newsletter
BUYER_EMAIL | nsp::BUYER_EMAIL | email 100 | Buyer's e-mail
BUYER_PHONE | nsp::BUYER_PHONE | phone 40 | Buyer's phone
SHOP_URL | nsp::SHOP_URL | url 200 | Web shop
DELIVERY_NOTES | nsp::DELIVERY_NOTES | text 4000 | Delivery notes
CUSTOMER_SEQUENCE | nsp::CUSTOMER_SEQUENCE | text 20 readonly | Sequence number
"""

DISPLAY = "DISPLAYCONTACT"
CUSTOMER = Object(
    "CUSTOMER", "accounts-receivable/customer", "Customer", "Customers", "CUSTOMERID", "NAME",
    (*NUMBER, *fields(_CUSTOMER_FIELDS), *fields(_CUSTOM_FIELDS, custom=True), *STAMPS),
    (
        Relationship(DISPLAY, "CONTACT", "DISPLAYCONTACTKEY", "contacts.default",
                     "Display contact", by_number=True),
        Relationship("PRIMARYCONTACT", "CONTACT", "CONTACTINFO.CONTACTNAME", "contacts.primary",
                     "Primary contact"),
        Relationship("BILLTOCONTACT", "CONTACT", "BILLTO.CONTACTNAME", "contacts.billTo",
                     "Bill to contact"),
        Relationship("SHIPTOCONTACT", "CONTACT", "SHIPTO.CONTACTNAME", "contacts.shipTo",
                     "Ship to contact"),
        Relationship("PARENT", "CUSTOMER", "PARENTID", "parent", "Parent"),
        Relationship("TERM", "ARTERM", "TERMNAME", "term", "Term"),
        Relationship("CUSTOMERTYPE", "CUSTTYPE", "CUSTTYPE", "customerType", "Customer type"),
        Relationship("TERRITORY", "TERRITORY", "TERRITORYID", "territory", "Territory"),
        Relationship("CUSTREP", "EMPLOYEE", "CUSTREPID", "salesRepresentative", "Sales rep"),
        Relationship("SHIPVIA", "SHIPMETHOD", "SHIPPINGMETHOD", "shippingMethod",
                     "Shipping method"),
        Relationship("PRICELIST", "SOPRICELIST", "PRICELIST", "priceList", "Price list"),
        ENTITY,
    ),
    shown=tuple(f"{DISPLAY}.{each.id}" for each in CONTACT.fields if not each.readonly),
    dimension=True,
)  # fmt: skip
