"""The Albumen client: services, pages, uploads and downloads."""

from albumen.client import Albumen
from albumen.downloads import download
from albumen.errors import AlbumenError, Violation
from albumen.pages import list_all
from albumen.uploads import upload

__all__ = ["Albumen", "AlbumenError", "Violation", "download", "list_all", "upload"]
